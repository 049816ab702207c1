# POSIX message queues live outside of every folder.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes

try:
    queue = ctypes.CDLL(None, use_errno=True).mq_open(b"/hostile-queue", 0o102, 0o600, None)
except (OSError, AttributeError):
    queue = -1
print("ESCAPED by a message queue" if queue >= 0 else "CONTAINED")
