# Both streams in turn.
# expect: timeout
# timeout_ms: 700
import sys

while True:
    sys.stdout.write("out " * 1000)
    sys.stderr.write("err " * 1000)
