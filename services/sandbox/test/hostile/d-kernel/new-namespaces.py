# In a user namespace of its own a program is root.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes

kinds = {"mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
         "pid": 0x20000000, "net": 0x40000000, "time": 0x80}
made = []
try:
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    for name, flag in kinds.items():
        for flags in (flag, flag | kinds["user"]):
            if unshare(flags) == 0:
                made.append(name)
except (OSError, AttributeError):
    pass
print(f"ESCAPED: new namespaces {made}" if made else "CONTAINED")
