# Makes one of its own.
# only: namespaces
# expect: success
# stdout: CONTAINED
import os
import shutil
import subprocess

path = "/tmp/hostile-id"
try:
    shutil.copy("/usr/bin/id", path)
    os.chmod(path, 0o6755)
    done = subprocess.run([path, "-u"], capture_output=True, text=True)
    print("ESCAPED: it runs as root" if done.stdout.strip() == "0" else "CONTAINED")
except OSError:
    print("CONTAINED")
