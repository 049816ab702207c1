# The hooks for what nobody has caught.
# expect: error | timeout
# timeout_ms: 1000
import sys
import threading


def forever(*_):
    while True:
        pass


sys.excepthook = sys.unraisablehook = threading.excepthook = sys.displayhook = forever
raise ValueError("hooked")
