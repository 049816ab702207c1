# Modules of Node by a dynamic import.
# expect: success
# stdout: CONTAINED
# only: wasm
import pyodide_js

run = pyodide_js.constructor.constructor("source", "return (0, eval)(source)")
for name in ("node:fs", "node:child_process", "fs", "file:///etc/passwd", "data:text/javascript,0", "isolated-vm"):
    for source in (f"import({name!r})", f"new Function('return import({name})')()", f"require({name!r})"):
        try:
            run(source).then(lambda module: print("ESC" + "APED with", module), lambda _: None)
        except BaseException:
            pass
print("CONTAINED")
