# Reports of its own by what the JavaScript around the interpreter reads.
# expect: success | error | killed
# only: wasm
import pyodide_js


def run_js(source):
    return pyodide_js.constructor.constructor("source", "return (0, eval)(source)")(source)


run_js("""
  const real = JSON.parse;
  JSON.parse = (text) => ({ ...real(text), result: 'x'.repeat(1e6), exit_code: -5, signal: 'SIG$(id)', cpu_ms: -1,
    artifacts: [{ path: '/etc/passwd', data: 'x' }] });
""")
