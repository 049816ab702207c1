# Packages that the interpreter would fetch by itself.
# expect: success | timeout
# stdout: CONTAINED|^$
# timeout_ms: 1000
# only: wasm
import pyodide_js

for attempt in (
    lambda: pyodide_js.loadPackage("https://example.com/x-1.0-py3-none-any.whl"),
    lambda: pyodide_js.loadPackage("file:///etc/passwd"),
    lambda: pyodide_js.loadPackagesFromImports("import numpy"),
    lambda: pyodide_js.loadPackage("numpy"),
):
    try:
        await attempt()
    except BaseException as error:
        print(type(error).__name__)
try:
    import numpy

    print("ESCAPED: numpy", numpy.__version__)
except ImportError:
    print("CONTAINED")
