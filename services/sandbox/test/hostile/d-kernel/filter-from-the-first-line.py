# The filter of system calls, and the promise of no new privileges, are there before the program is.
# expect: success
# stdout: CONTAINED
# only: namespaces
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
PR_GET_SECCOMP, PR_GET_NO_NEW_PRIVS = 21, 39
state = libc.prctl(PR_GET_SECCOMP, 0, 0, 0, 0), libc.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
print("CONTAINED" if state == (2, 1) else f"ESCAPED: {state}")
