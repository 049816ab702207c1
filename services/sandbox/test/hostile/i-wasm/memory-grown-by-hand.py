# The interpreter's own memory, grown past its limit.
# expect: out_of_memory | error | success | killed
# stdout: CONTAINED|^$
# memory_mb: 64
# alone: yes
# only: wasm
import pyodide_js

try:
    memory = pyodide_js._module.wasmMemory
    memory.grow(30_000)
    buffer = pyodide_js._module.HEAPU8
    buffer.fill(1, 2**28)
    print("ESCAPED with two gigabytes")
except BaseException:
    print("CONTAINED")
