# The same, with a tree that is infinite.
# expect: success | error | killed | timeout
# timeout_ms: 2000
# only: wasm
import pyodide_js


def run_js(source):
    return pyodide_js.constructor.constructor("source", "return (0, eval)(source)")(source)


try:
    pyodide_js.FS.readdir = run_js("() => ['deeper']")
    pyodide_js.FS.lstat = run_js("() => ({ mode: 16384 })")
except BaseException as error:
    print(type(error).__name__)
