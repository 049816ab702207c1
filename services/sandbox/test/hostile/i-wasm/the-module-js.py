# Pyodide shows JavaScript's globals as a module.
# expect: success
# stdout: CONTAINED
# only: wasm
import js

found = [name for name in ("process", "require", "fetch", "document", "window", "Deno", "navigator", "module", "global",
                           "XMLHttpRequest", "Worker", "importScripts", "eval", "Function") if hasattr(js, name)]
print(dir(js))
print(f"ESCAPED: {found}" if found else "CONTAINED")
