# The calls that took the place of mount(2).
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import errno

calls = {"open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
         "mount_setattr": 442, "statmount": 457, "listmount": 458}
known = []
try:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    for name, number in calls.items():
        # Nonsense for arguments: who answers that they are nonsense would have done something with sense.
        answer = syscall(number, -1, -1, -1, -1, -1)
        if answer != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
            known.append(name)
except (OSError, AttributeError):
    pass
print(f"ESCAPED: {known} are there" if known else "CONTAINED")
