# The interpreter that runs it also runs others.
# expect: success
# stdout: CONTAINED
import glob
import os
import sys

open_to_change = []
paths = [sys.executable, "/proc/self/exe", os.__file__, "/opt/sandbox/worker.py", "/bin/sh", "/usr/lib/os-release"]
paths += glob.glob("/usr/lib/*/libc.so.6") + glob.glob("/opt/*/*.py")
for path in paths:
    try:
        open(path, "r+b").close()
        open_to_change.append(path)
    except (OSError, TypeError):
        pass
print(f"ESCAPED: {open_to_change} can be written" if open_to_change and sys.platform != "emscripten" else "CONTAINED")
