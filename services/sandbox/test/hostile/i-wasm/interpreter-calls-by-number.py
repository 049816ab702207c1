# The table of functions of the interpreter, called by their numbers.
# expect: success | error | killed | timeout
# timeout_ms: 1000
# only: wasm
import ctypes

for number in range(1, 2000, 7):
    try:
        ctypes.CFUNCTYPE(ctypes.c_int)(number)()
    except BaseException:
        pass
