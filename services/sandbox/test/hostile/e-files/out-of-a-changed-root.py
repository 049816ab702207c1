# The classic way out: a new root while a folder of the old one is still open.
# expect: success
# stdout: CONTAINED
import os

try:
    os.mkdir("hostile-root")
    outside = os.open("/", os.O_RDONLY)
    os.chroot("hostile-root")
    os.fchdir(outside)
    for _ in range(50):
        os.chdir("..")
    os.chroot(".")
    print("ESCAPED" if os.path.exists("/etc/shadow") else "CONTAINED")
except (OSError, AttributeError):
    print("CONTAINED")
