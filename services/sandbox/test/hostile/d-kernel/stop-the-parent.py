# A watcher that is stopped does not watch.
# expect namespaces: timeout
# expect wasm: success
# timeout_ms: 700
import os
import signal
import time

if os.uname().sysname != "Emscripten":
    for pid in {1, 2, os.getppid()}:
        try:
            os.kill(pid, signal.SIGSTOP)
        except OSError:
            pass
    time.sleep(60)
print("still here")
