# The same in many processes, each below the limit of one.
# expect: out_of_memory | error
# expect wasm: success | error
# memory_mb: 16
# alone: yes
import mmap
import os
import sys
import time

if not hasattr(os, "fork") or sys.platform == "emscripten":
    sys.exit(1)
for _ in range(40):
    if os.fork() == 0:
        try:
            maps = []
            for _ in range(4):
                maps.append(mmap.mmap(-1, 1 << 30, prot=mmap.PROT_READ))
                for place in range(0, 1 << 30, 2 << 20):
                    maps[-1][place]
        except OSError:
            pass
        time.sleep(20)
        os._exit(0)
time.sleep(20)
print("ESCAPED with 320 MiB of tables")
