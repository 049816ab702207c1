# Pipes that are full, in every process: 256 descriptors each.
# only: namespaces
# expect: out_of_memory
# memory_mb: 64
# alone: yes
import os
import time

for _ in range(60):
    if os.fork() == 0:
        pipes = []
        try:
            for _ in range(120):
                pipes.append(os.pipe())
                os.set_blocking(pipes[-1][1], False)
                try:
                    while os.write(pipes[-1][1], b"x" * 65_536):
                        pass
                except BlockingIOError:
                    pass
        except OSError:
            pass
        time.sleep(20)
        os._exit(0)
time.sleep(20)
print("ESCAPED with 7,200 pipes")
