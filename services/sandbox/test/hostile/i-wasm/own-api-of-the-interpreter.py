# The interpreter's own JavaScript side, with what it loads files and packages by.
# expect: success
# stdout: CONTAINED
# only: wasm
import pyodide_js

for name in sorted(dir(pyodide_js)):
    print(name)
for attempt in (
    lambda: pyodide_js._api.loadBinaryFile("/etc/passwd"),
    lambda: pyodide_js._api.config.env,
    lambda: pyodide_js._module.read("/etc/passwd"),
    lambda: pyodide_js._api.scheduleCallback,
):
    try:
        found = attempt()
        text = str(found.to_py() if hasattr(found, "to_py") else found)
        print("ESCAPED:" if "root:" in text or "PATH" in text else "harmless:", text[:200])
    except Exception as error:
        print(type(error).__name__)
print("CONTAINED")
