# expect namespaces: timeout
# expect wasm: success | error | timeout
# timeout_ms: 500
import signal

try:
    signal.pause()
except AttributeError:
    print("CONTAINED")
