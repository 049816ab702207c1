# Signals that are blocked wait in the kernel, which counts them for each user of the machine.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import os
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGRTMIN})
libc = ctypes.CDLL(None, use_errno=True)
value = ctypes.c_void_p(0)
sent = 0
while sent < 100_000 and libc.sigqueue(os.getpid(), int(signal.SIGRTMIN), value) == 0:
    sent += 1
print(f"ESCAPED with {sent} signals" if sent > 1_000 else "CONTAINED")
