# Pyodide's own way to a web page.
# expect: success
# stdout: CONTAINED
# only: wasm
try:
    from pyodide.http import open_url, pyfetch

    try:
        print("ESCAPED:", open_url("http://example.com/").read(100))
    except Exception:
        pass
    try:
        print("ESCAPED:", (await pyfetch("http://example.com/")).status)
    except Exception:
        pass
except ImportError:
    pass
print("CONTAINED")
