# The working directory itself becomes a link to everything.
# expect: success | error
import os

try:
    os.chdir("/tmp")
    os.rename("/work", "/tmp/hostile-work")
    os.symlink("/", "/work")
except OSError:
    print("CONTAINED")
