# The working directory is gone when its results are wanted.
# expect: success | error
# artifacts: -
import os

try:
    os.rmdir("/work")
except OSError:
    print("CONTAINED")
