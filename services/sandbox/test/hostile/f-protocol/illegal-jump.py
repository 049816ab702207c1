# Calls what is no code.
# expect: killed | error
import ctypes

ctypes.CFUNCTYPE(ctypes.c_int)(0xDEAD)()
