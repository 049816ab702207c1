# Stops whoever is in the same group: a supervisor that is, stops with it.
# expect namespaces: timeout | success
# expect wasm: success | error | killed
# timeout_ms: 600
import os
import signal

try:
    os.killpg(0, signal.SIGSTOP)
except (OSError, AttributeError):
    pass
print("awake")
