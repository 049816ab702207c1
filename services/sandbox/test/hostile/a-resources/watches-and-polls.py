# Things of the kernel that are counted for each user of the machine.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import select

made = 0
kept = []
try:
    libc = ctypes.CDLL(None)
    while made < 100_000 and libc.inotify_init1(0) >= 0:
        made += 1
except (OSError, AttributeError):
    pass
try:
    while len(kept) < 100_000:
        kept.append(select.epoll())
except (OSError, AttributeError):
    pass
print(f"ESCAPED with {made} and {len(kept)}" if max(made, len(kept)) == 100_000 else "CONTAINED")
