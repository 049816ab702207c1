# Any JavaScript at all, in the isolate that the interpreter runs in.
# expect: success
# stdout: CONTAINED
# only: wasm
from pyodide.code import run_js

for probe in ("typeof process", "typeof require", "typeof fetch", "typeof Deno", "typeof importScripts", "typeof module",
              "typeof globalThis.constructor.constructor('return process')", "typeof ivm"):
    try:
        found = run_js(probe)
    except Exception:
        continue
    if found != "undefined":
        print("ESCAPED:", probe, found)
print("CONTAINED")
