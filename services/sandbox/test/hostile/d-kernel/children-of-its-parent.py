# A process that is made as its parent's child is nobody's to wait for.
# only: namespaces
# expect: success
# stdout: done
import ctypes
import os
import platform
import signal
import time

CLONE_PARENT = 0x8000
syscall = ctypes.CDLL(None, use_errno=True).syscall
clone = 56 if platform.machine() == "x86_64" else 220
for _ in range(3):
    if syscall(clone, ctypes.c_ulong(CLONE_PARENT | signal.SIGCHLD), 0, 0, 0, 0) == 0:
        time.sleep(60)
        os._exit(0)
print("done")
