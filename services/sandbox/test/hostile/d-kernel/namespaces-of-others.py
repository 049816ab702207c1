# Joins a namespace through its file.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import glob
import os

joined = []
try:
    setns = ctypes.CDLL(None, use_errno=True).setns
    for path in glob.glob("/proc/[0-9]*/ns/*"):
        if setns(os.open(path, os.O_RDONLY), 0) == 0:
            joined.append(path)
    for pid in (1, 2, os.getppid()):
        if setns(os.pidfd_open(pid), 0x20000 | 0x40000000) == 0:
            joined.append(pid)
except (OSError, AttributeError):
    pass
print(f"ESCAPED into {joined}" if joined else "CONTAINED")
