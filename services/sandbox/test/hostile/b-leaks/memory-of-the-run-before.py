# Leaves a text all over its memory, and looks for that of the run before.
# expect: success
# stdout: CONTAINED
# runs: 2
import ctypes

text = "left-by-" + "the-run-before"
block = ctypes.create_string_buffer(8 * 2**20)
raw = bytes(block)
if text.encode() in raw:
    print("ESCAPED: memory of another run")
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
address = libc.malloc(8 * 2**20)
if address and text.encode() in ctypes.string_at(address, 8 * 2**20):
    print("ESCAPED: memory of another run")
hoard = [text + str(number) for number in range(100_000)]
print("CONTAINED")
