# Reads, changes and runs its own file, which there is none of.
# expect: success
# stdout: done
import os
import sys

for path in (__file__, sys.argv[0], os.path.join("/work", "main.py")):
    try:
        open(path).read()
    except OSError:
        pass
print("done")
