# /proc/<pid>/fd opens what another process has open.
# only: namespaces
# expect: success
# stdout: CONTAINED
import glob
import os

own = {f"/proc/{os.getpid()}/", "/proc/self/"}
for path in glob.glob("/proc/[0-9]*/fd/*"):
    if any(path.startswith(prefix) for prefix in own):
        continue
    try:
        target = os.readlink(path)
        print(path, target)
        if target.startswith(("/", "socket:")) and not target.startswith("/dev/"):
            print("ESCAPED" if os.access(path, os.R_OK) and open(path, "rb") else "")
    except OSError:
        pass
print("CONTAINED")
