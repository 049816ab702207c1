# Timers and descriptors that live in the kernel.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes

made = 0
try:
    libc = ctypes.CDLL(None, use_errno=True)
    timer = ctypes.c_void_p()
    while made < 500_000 and libc.timer_create(0, None, ctypes.byref(timer)) == 0:
        made += 1
except (OSError, AttributeError):
    pass
print("ESCAPED with half a million timers" if made == 500_000 else "CONTAINED")
