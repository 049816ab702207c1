# Leaves again while leaving.
# expect: success | error
import atexit
import sys

atexit.register(sys.exit, 5)
atexit.register(lambda: 1 / 0)
sys.exit(0)
