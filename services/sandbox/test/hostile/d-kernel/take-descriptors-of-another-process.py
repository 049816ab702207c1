# A descriptor of a process leads to the descriptors in it.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import os

PIDFD_GETFD, KCMP_X64, KCMP_ARM = 438, 312, 272
taken = []
try:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    for pid in (1, 2, os.getppid()):
        process = os.pidfd_open(pid)
        for fd in range(8):
            if syscall(PIDFD_GETFD, process, fd, 0) >= 0:
                taken.append((pid, fd))
except (OSError, AttributeError):
    pass
print(f"ESCAPED with {taken}" if taken else "CONTAINED")
