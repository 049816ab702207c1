# The same with sockets.
# expect: success | out_of_memory
# memory_mb: 64
import socket

taken = 0
pairs = []
try:
    for _ in range(2000):
        pair = socket.socketpair()
        pairs.append(pair)
        pair[0].setblocking(False)
        pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)
        taken += pair[0].send(b"x" * 2**20)
except (OSError, AttributeError):
    pass
print(f"ESCAPED with {taken >> 20} MiB" if taken > 512 * 2**20 else "CONTAINED")
