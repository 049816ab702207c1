# A proxy of a JavaScript object has that object's constructor.
# expect: success | error
# stdout: CONTAINED
# only: wasm
import pyodide_js


def run_js(source):
    return pyodide_js.constructor.constructor("source", "return (0, eval)(source)")(source)


for start in (pyodide_js, run_js("({})"), run_js("(() => {})"), run_js("[]"), run_js("Promise.resolve()")):
    try:
        made = start.constructor.constructor("return typeof process + typeof require")()
    except Exception:
        continue
    if made != "undefinedundefined":
        print("ESCAPED:", made)
print("CONTAINED")
