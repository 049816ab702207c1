# Memory that the kernel may not swap.
# expect: success | out_of_memory
# memory_mb: 64
# only: namespaces
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
block = ctypes.create_string_buffer(48 * 2**20)
print("ESCAPED with 48 MiB locked" if libc.mlock(block, ctypes.c_size_t(len(block))) == 0 else "CONTAINED")
