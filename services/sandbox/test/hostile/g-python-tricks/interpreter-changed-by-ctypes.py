# Small numbers are shared by everything in an interpreter: from now on, 7 is 8.
# expect: success | error | killed
# runs: 2
# stdout: 15|^$
import ctypes
import os

os.write(1, str(7 + 8).encode())
value_of_seven = id(7) + object.__basicsize__ + ctypes.sizeof(ctypes.c_ssize_t)
ctypes.c_uint32.from_address(value_of_seven).value = 8
