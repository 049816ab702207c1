# The file system from which results are collected, broken from inside.
# expect: success | error | killed
# only: wasm
import pyodide_js


def run_js(source):
    return pyodide_js.constructor.constructor("source", "return (0, eval)(source)")(source)


try:
    pyodide_js.FS.readdir = run_js("() => ['..', '../../etc/passwd', '\\0', 5]")
    pyodide_js.FS.readFile = run_js("() => ({ length: 1e12 })")
    pyodide_js.FS.lstat = run_js("() => ({ mode: 32768 })")
except BaseException as error:
    print(type(error).__name__)
