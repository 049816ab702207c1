# The function that says how far memory may grow, and what else of the module can be changed.
# expect: out_of_memory | error | killed
# memory_mb: 64
# alone: yes
# only: wasm
import pyodide_js


def run_js(source):
    return pyodide_js.constructor.constructor("source", "return (0, eval)(source)")(source)


try:
    pyodide_js._module.getHeapMax = run_js("() => 2 ** 32")
    pyodide_js._module.limits = None
except BaseException:
    pass
hoard = []
while True:
    hoard.append(bytes(b"x") * 2**20)
