# An alarm every microsecond.
# expect namespaces: timeout
# expect wasm: success | timeout
# timeout_ms: 600
import signal

try:
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 1e-6, 1e-6)
except (OSError, ValueError, AttributeError):
    print("CONTAINED")
else:
    while True:
        pass
