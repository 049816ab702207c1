# Opening a FIFO waits for its other end.
# expect: success | timeout
# artifacts: -
# timeout_ms: 700
import os

try:
    os.mkfifo("hostile-fifo")
    open("hostile-fifo", "w")
except (OSError, AttributeError):
    print("CONTAINED")
