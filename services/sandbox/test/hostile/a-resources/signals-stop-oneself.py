# A stopped process does nothing, not even end.
# expect namespaces: timeout
# expect wasm: success | error | killed | timeout
# timeout_ms: 600
import os
import signal

try:
    os.kill(os.getpid(), signal.SIGSTOP)
except (OSError, AttributeError):
    pass
print("awake")
