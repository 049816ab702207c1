# A line that never ends.
# expect: timeout
# timeout_ms: 700
import sys

while True:
    sys.stdout.write("x" * 2**20)
