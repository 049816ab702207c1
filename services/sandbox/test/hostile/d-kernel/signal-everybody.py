# SIGKILL to every process that it may signal.
# expect: killed | success | error
# timeout_ms: 3000
import os
import signal

if os.uname().sysname != "Emscripten":
    os.kill(-1, signal.SIGKILL)
print("still here")
