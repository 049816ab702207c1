# A System V segment outlives its process and belongs to no folder.
# only: namespaces
# expect: success | out_of_memory
# stdout: CONTAINED
# memory_mb: 64
import ctypes

try:
    libc = ctypes.CDLL(None, use_errno=True)
    segment = libc.shmget(0, ctypes.c_size_t(512 * 2**20), 0o1600)
except (OSError, AttributeError):
    segment = -1
print("ESCAPED with a segment of 512 MiB" if segment >= 0 else "CONTAINED")
