# The same by the call that makes processes.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import os
import platform
import signal

clone = 56 if platform.machine() == "x86_64" else 220
made = []
try:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    for flag in (0x20000, 0x10000000, 0x20000000, 0x40000000, 0x4000000, 0x8000000, 0x2000000):
        pid = syscall(clone, ctypes.c_ulong(flag | 0x10000000 | signal.SIGCHLD), 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        if pid > 0:
            made.append(hex(flag))
except (OSError, AttributeError):
    pass
print(f"ESCAPED: new namespaces {made}" if made else "CONTAINED")
