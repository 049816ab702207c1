# Below a jail's own files lie those of whoever made the jail: they are to be lifted by nobody.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
MNT_DETACH, UMOUNT_NOFOLLOW, MS_MOVE, MS_BIND, MS_REC, MS_REMOUNT = 2, 8, 8192, 4096, 16384, 32
before = {path: os.stat(path).st_dev for path in ("/", "/tmp", "/work", "/dev/shm", "/usr/bin", "/opt")}
done = []
os.makedirs("/tmp/below", exist_ok=True)
for path in (b"/tmp", b"/work", b"/dev/shm", b"/dev", b"/usr/bin", b"/"):
    for flags in (0, MNT_DETACH, MNT_DETACH | UMOUNT_NOFOLLOW):
        if libc.umount2(path, flags) == 0:
            done.append(f"umount {path}")
    if libc.mount(path, b"/tmp/below", None, MS_MOVE, None) == 0:
        done.append(f"move {path}")
    if libc.mount(path, b"/tmp/below", None, MS_BIND | MS_REC, None) == 0:
        done.append(f"bind {path}")
    if libc.mount(None, path, None, MS_REMOUNT, b"size=1g") == 0:
        done.append(f"remount {path}")
if {path: os.stat(path).st_dev for path in before} != before:
    done.append("other files")
if os.stat("/tmp").st_dev in (before["/"], os.stat("/opt").st_dev):
    done.append("a folder for all")
print(f"ESCAPED by {done}" if done else "CONTAINED")
