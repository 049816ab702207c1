# Reads from whatever descriptor there is, to hang on one.
# expect: success | timeout | killed
# timeout_ms: 1000
import os

for fd in range(64):
    try:
        os.read(fd, 1)
    except OSError:
        pass
print("done")
