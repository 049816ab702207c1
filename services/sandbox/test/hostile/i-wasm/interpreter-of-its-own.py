# A second interpreter inside of the isolate.
# expect: success | error | timeout
# stdout: CONTAINED|^$
# timeout_ms: 3000
# only: wasm
import pyodide_js

try:
    other = await pyodide_js.loadPyodide()
    print("ESCAPED" if other.runPython("import os; os.path.exists('/etc/shadow')") else "CONTAINED")
except BaseException:
    print("CONTAINED")
