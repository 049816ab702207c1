# x86-64 has a second set of numbers, with a bit of their own.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import platform

X32, GETPID, SOCKET = 0x40000000, 39, 41
try:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    answers = [syscall(X32 | GETPID), syscall(X32 | SOCKET, 2, 1, 0)] if platform.machine() == "x86_64" else [-1]
except (OSError, AttributeError):
    answers = [-1]
print("CONTAINED" if set(answers) == {-1} else f"ESCAPED: {answers}")
