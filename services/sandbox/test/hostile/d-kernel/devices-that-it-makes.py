# Nodes for the same devices, wherever it may write.
# expect: success
# stdout: CONTAINED
import os
import stat

opened = []
for folder in (".", "/tmp", "/dev/shm", "/dev"):
    for kind, major, minor in ((stat.S_IFCHR, 1, 1), (stat.S_IFBLK, 254, 0), (stat.S_IFBLK, 8, 0), (stat.S_IFCHR, 1, 11)):
        path = os.path.join(folder, "hostile-device")
        try:
            os.mknod(path, kind | 0o600, os.makedev(major, minor))
            os.close(os.open(path, os.O_RDONLY))
            opened.append(path)
        except (OSError, AttributeError):
            pass
        try:
            os.unlink(path)
        except OSError:
            pass
# Emscripten's devices are functions in its own memory.
print(f"ESCAPED by {opened}" if opened and os.uname().sysname != "Emscripten" else "CONTAINED")
