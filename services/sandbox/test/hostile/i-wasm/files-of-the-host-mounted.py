# File systems that show the host's files.
# expect: success
# stdout: CONTAINED
# only: wasm
import pyodide_js

for name in ("NODEFS", "NODERAWFS", "WORKERFS", "IDBFS", "PROXYFS"):
    try:
        system = getattr(pyodide_js.FS.filesystems, name)
        pyodide_js.FS.mkdir("/hostile-mount")
        pyodide_js.FS.mount(system, {"root": "/"}, "/hostile-mount")
        print("ESCAPED by", name)
    except Exception:
        pass
try:
    pyodide_js.mountNodeFS("/hostile-node", "/etc")
    import os

    print("ESCAPED" if os.listdir("/hostile-node") else "")
except Exception:
    pass
print("CONTAINED")
