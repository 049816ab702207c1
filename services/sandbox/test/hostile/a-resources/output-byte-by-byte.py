# Half a million writes of one byte.
# expect: success | timeout
# timeout_ms: 3000
import os

for _ in range(500_000):
    os.write(1, b".")
