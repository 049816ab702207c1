# Slow calls that everybody on the machine pays for.
# only: namespaces
# expect: success | timeout
# timeout_ms: 1500
import os

for _ in range(2000):
    try:
        os.sync()
    except (OSError, AttributeError):
        break
print("done")
