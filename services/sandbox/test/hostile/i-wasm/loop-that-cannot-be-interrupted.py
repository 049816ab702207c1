# An interrupt by a flag is one that a program can switch off.
# expect: timeout
# timeout_ms: 600
# only: wasm
import pyodide_js
import signal

try:
    pyodide_js.setInterruptBuffer(None)
except BaseException:
    pass
try:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
except (ValueError, OSError):
    pass
while True:
    pass
