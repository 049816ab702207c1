# Other memories of WebAssembly, which no heap counts.
# expect: out_of_memory | error
# memory_mb: 64
# timeout_ms: 8000
# alone: yes
# only: wasm
import pyodide_js


def run_js(source):
    return pyodide_js.constructor.constructor("source", "return (0, eval)(source)")(source)


run_js("""
  const hoard = [];
  for (;;) {
    const memory = new WebAssembly.Memory({ initial: 256 });
    new Uint8Array(memory.buffer).fill(1);
    hoard.push(memory);
  }
""")
