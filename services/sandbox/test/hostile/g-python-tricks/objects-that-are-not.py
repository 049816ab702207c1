# An address taken for an object.
# expect: killed | error | success
import ctypes

try:
    print(ctypes.cast(0x41414141, ctypes.py_object).value)
except (ValueError, MemoryError):
    print("CONTAINED")
