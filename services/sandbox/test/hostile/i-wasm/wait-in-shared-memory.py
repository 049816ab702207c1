# Waits on the JavaScript side, asleep.
# expect: timeout
# timeout_ms: 600
# only: wasm
import pyodide_js


def run_js(source):
    return pyodide_js.constructor.constructor("source", "return (0, eval)(source)")(source)


run_js("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)")
