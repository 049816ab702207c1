# Who may write to control groups sets its own limits, and on old kernels runs a program on the host.
# only: namespaces
# expect: success
# stdout: CONTAINED
import glob
import os

open_to_change = []
for pattern in ("/sys/fs/cgroup/*", "/sys/fs/cgroup/*/release_agent", "/sys/fs/cgroup/*/notify_on_release"):
    for path in glob.glob(pattern):
        if os.access(path, os.W_OK):
            open_to_change.append(path)
try:
    os.mkdir("/sys/fs/cgroup/hostile-group")
    open_to_change.append("/sys/fs/cgroup")
except OSError:
    pass
if os.uname().sysname == "Emscripten":
    open_to_change = []
print(f"ESCAPED by {open_to_change}" if open_to_change else "CONTAINED")
