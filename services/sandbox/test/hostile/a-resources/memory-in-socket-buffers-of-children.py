# Each child has as many descriptors as its parent, and what is sent through them and not read lies in the kernel.
# only: namespaces
# expect: success | out_of_memory
# memory_mb: 64
# alone: yes
import os
import socket
import time


def fill():
    taken, pairs = 0, []
    try:
        while True:
            pair = socket.socketpair()
            pairs.append(pair)
            for end in pair:
                end.setblocking(False)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)
                taken += end.send(b"x" * 2**17)
    except OSError:
        return taken, pairs


total, children = 0, 0
try:
    results, answer = os.pipe()
    for _ in range(24):
        if os.fork() == 0:
            taken, pairs = fill()
            os.write(answer, taken.to_bytes(8, "little"))
            time.sleep(5)
            os._exit(0)
        children += 1
except (OSError, AttributeError):
    pass
for _ in range(children):
    total += int.from_bytes(os.read(results, 8), "little")
print(f"ESCAPED with {total >> 20} MiB" if total > 384 * 2**20 else "CONTAINED")
