# Children that share the output and write it all at once.
# expect: success | timeout
# timeout_ms: 1500
import os

try:
    for _ in range(8):
        if os.fork() == 0:
            for _ in range(2000):
                os.write(1, b"x" * 4096)
            os._exit(0)
except (OSError, AttributeError):
    pass
print("done")
