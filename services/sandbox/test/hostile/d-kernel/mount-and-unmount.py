# Puts something else where a read-only file system is.
# expect: success
# stdout: CONTAINED
import ctypes

done = []
try:
    libc = ctypes.CDLL(None, use_errno=True)
    MS_BIND, MS_REMOUNT = 4096, 32
    attempts = {
        "mount tmpfs": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
        "mount proc": lambda: libc.mount(b"proc", b"/proc", b"proc", 0, None),
        "remount /usr": lambda: libc.mount(None, b"/usr", None, MS_REMOUNT | MS_BIND, None),
        "bind /": lambda: libc.mount(b"/", b"/tmp", None, MS_BIND, None),
        "umount /proc": lambda: libc.umount2(b"/proc", 2),
        "umount /usr": lambda: libc.umount2(b"/usr", 2),
        "umount /tmp": lambda: libc.umount2(b"/tmp", 2),
        "umount /": lambda: libc.umount2(b"/", 2),
        "pivot_root": lambda: libc.pivot_root(b"/tmp", b"/tmp"),
    }
    for name, attempt in attempts.items():
        try:
            if attempt() == 0:
                done.append(name)
        except AttributeError:
            pass
except OSError:
    pass
import sys

# Emscripten's library answers 0 to calls that it does not have.
print(f"ESCAPED: {done}" if done and sys.platform != "emscripten" else "CONTAINED")
