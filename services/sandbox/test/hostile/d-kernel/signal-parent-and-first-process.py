# SIGKILL to those that watch over it.
# expect: killed | success | error
# timeout_ms: 3000
import os
import signal

if os.uname().sysname != "Emscripten":
    for pid in (1, os.getppid(), 2):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(pid, number)
            except OSError:
                pass
print("still here")
