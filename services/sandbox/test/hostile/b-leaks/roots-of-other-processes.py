# /proc/<pid>/root and /proc/<pid>/cwd lead into what another process sees.
# only: namespaces
# expect: success
# stdout: CONTAINED
import glob
import os

for root in glob.glob("/proc/[0-9]*/root") + glob.glob("/proc/[0-9]*/cwd"):
    for below in ("etc/shadow", "proc/1/environ", "root", "home", "canary.txt", "package.json"):
        path = os.path.join(root, below)
        try:
            print(path, os.listdir(path) if os.path.isdir(path) else open(path).read(1000))
        except OSError:
            pass
print("CONTAINED")
