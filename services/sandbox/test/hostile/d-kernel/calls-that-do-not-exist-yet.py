# What a later kernel adds, nobody has looked at: an unknown number must not be let through.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import errno

known = []
try:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    for number in range(451, 600):
        if syscall(number, -1, -1, -1, -1, -1) != -1 or ctypes.get_errno() != errno.ENOSYS:
            known.append(number)
except (OSError, AttributeError):
    pass
print(f"ESCAPED: {known} are let through" if known else "CONTAINED")
