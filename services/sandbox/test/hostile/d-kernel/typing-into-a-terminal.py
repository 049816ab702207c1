# Keys that nobody has pressed, for the shell from which the service was started.
# only: namespaces
# expect: success
# stdout: CONTAINED
import os

typed = []
try:
    import fcntl

    for name in (0, 1, 2, "/dev/tty", "/dev/console", "/dev/tty0", "/dev/pts/0"):
        try:
            fd = name if isinstance(name, int) else os.open(name, os.O_RDWR | os.O_NOCTTY)
            fcntl.ioctl(fd, 0x5412, b"#")
            typed.append(name)
        except OSError:
            pass
except ImportError:
    pass
print(f"ESCAPED by {typed}" if typed and os.uname().sysname != "Emscripten" else "CONTAINED")
