# The same signals by other calls.
# only: namespaces
# expect: killed | success | error
# timeout_ms: 3000
import ctypes
import os
import signal

if os.uname().sysname != "Emscripten":
    libc = ctypes.CDLL(None, use_errno=True)
    for pid in (1, os.getppid()):
        try:
            signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL)
        except (OSError, AttributeError):
            pass
        libc.syscall(234, pid, pid, 9)
        libc.sigqueue(pid, 9, 0)
print("still here")
