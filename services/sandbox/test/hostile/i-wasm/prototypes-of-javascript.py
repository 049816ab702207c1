# Breaks what the JavaScript around the interpreter is made of, and then ends as if nothing were.
# expect: success | error | killed | timeout
# timeout_ms: 1500
# only: wasm
import pyodide_js


def run_js(source):
    return pyodide_js.constructor.constructor("source", "return (0, eval)(source)")(source)


run_js("""
  for (const type of [Array, String, Map, Promise, Uint8Array, Function]) {
    for (const name of Object.getOwnPropertyNames(type.prototype)) {
      try { if (name !== 'constructor') type.prototype[name] = () => { throw new Error('gone'); }; } catch {}
    }
  }
  JSON.parse = () => ({ result: 'forged', error: null, exit_code: 0, signal: null, out_of_memory: false, artifacts: [] });
  Object.prototype.path = '../../hostile-forged';
""")
