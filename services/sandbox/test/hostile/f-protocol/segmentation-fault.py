# Reads where nothing is.
# expect namespaces: killed
# expect wasm: success | killed | error
import ctypes

ctypes.string_at(1)
ctypes.CFUNCTYPE(None)(3)()
