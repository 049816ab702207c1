# Twenty processes with as many mappings as the kernel allows: what it keeps for each is 256 bytes.
# only: namespaces
# expect: out_of_memory
# memory_mb: 64
# alone: yes
import ctypes
import mmap
import os
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
PAGES = 65_000
for _ in range(20):
    if os.fork() == 0:
        start = libc.mmap(None, PAGES * 4096, 1, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        for page in range(0, PAGES, 2):
            libc.mprotect(start + page * 4096, 4096, 3)
        time.sleep(20)
        os._exit(0)
time.sleep(20)
print("ESCAPED with 1.3 million mappings")
