# One file of 64 MiB, mapped again and again: each mapping has tables of its own.
# only: namespaces
# expect: out_of_memory | error | success
# stdout: CONTAINED|^$
# memory_mb: 16
# alone: yes
import mmap
import os

fd = os.open("/tmp/hostile-sparse", os.O_RDWR | os.O_CREAT)
os.ftruncate(fd, 64 << 20)
os.pwrite(fd, b"x", 0)
maps = []
try:
    for _ in range(4_000):
        maps.append(mmap.mmap(fd, 64 << 20, prot=mmap.PROT_READ))
        maps[-1][0]
except (OSError, MemoryError):
    pass
print(f"ESCAPED with {len(maps) * 64} MiB of addresses" if len(maps) > 100 else "CONTAINED")
