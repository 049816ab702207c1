# expect: out_of_memory
# memory_mb: 64
# timeout_ms: 8000
# alone: yes
# only: wasm
import pyodide_js


def run_js(source):
    return pyodide_js.constructor.constructor("source", "return (0, eval)(source)")(source)


run_js("const hoard = []; for (;;) hoard.push(new Uint8Array(1e6).fill(1))")
