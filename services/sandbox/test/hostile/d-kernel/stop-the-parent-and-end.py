# The same, and then an end that nobody is left to notice.
# only: namespaces
# expect: timeout | killed | success
# timeout_ms: 700
import os
import signal

if os.uname().sysname != "Emscripten":
    for pid in {2, os.getppid()}:
        try:
            os.kill(pid, signal.SIGSTOP)
        except OSError:
            pass
print("still here")
