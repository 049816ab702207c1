# Each child takes what one may have; together they take many times that.
# expect namespaces: out_of_memory
# expect wasm: success
# stdout wasm: CONTAINED
# memory_mb: 64
# timeout_ms: 4000
# alone: yes
import os
import time

try:
    for _ in range(20):
        if os.fork() == 0:
            hoard = bytearray(b"x") * (40 * 2**20)
            time.sleep(5)
            os._exit(0)
except (OSError, AttributeError):
    print("CONTAINED")
else:
    time.sleep(5)
    print("ESCAPED with 800 MiB")
