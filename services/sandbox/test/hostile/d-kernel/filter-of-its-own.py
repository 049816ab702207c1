# A filter of the program's own may refuse more, never allow more.
# only: namespaces
# expect: success | killed
# stdout: CONTAINED|^$
import ctypes
import struct

try:
    libc = ctypes.CDLL(None, use_errno=True)
    allow_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 1, ctypes.addressof(allow_all)))
    libc.prctl(22, 2, program, 0, 0)
    opened = libc.unshare(0x10000000) == 0
except (OSError, AttributeError, struct.error):
    opened = False
print("ESCAPED: the filter is gone" if opened else "CONTAINED")
