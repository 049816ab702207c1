# The same in a keyring of the kernel, which belongs to the user and not to the process.
# only: namespaces
# expect: success
# stdout: CONTAINED
# runs: 2
import ctypes
import platform

add_key, keyctl = {"x86_64": (248, 250)}.get(platform.machine(), (217, 219))
USER_KEYRING = ctypes.c_long(-4)
try:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    if syscall(keyctl, 10, USER_KEYRING, b"user", b"hostile-mark", 0) > 0:
        print("ESCAPED: the key of the run before is there")
    if syscall(add_key, b"user", b"hostile-mark", b"here", 4, USER_KEYRING) > 0:
        print("ESCAPED: a key was added")
except (OSError, AttributeError):
    pass
print("CONTAINED")
