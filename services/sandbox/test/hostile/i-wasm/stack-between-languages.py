# Python that calls JavaScript that calls Python.
# expect: error | killed | timeout
# timeout_ms: 1500
# only: wasm
import pyodide_js

call = pyodide_js.constructor.constructor("call", "n", "return call(n)")


def deeper(n):
    return call(deeper, n + 1)


deeper(0)
