# The first environment of a process lies at the top of its stack, also after it was cleared.
# expect: success
import ctypes

try:
    libc = ctypes.CDLL(None)
    environment = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
    for index in range(1000):
        entry = environment[index]
        if entry is None:
            break
        print(entry)
except (OSError, ValueError, AttributeError):
    pass
print("CONTAINED")
