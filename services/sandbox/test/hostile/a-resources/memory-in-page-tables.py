# A map that is only read takes no memory but that of the tables that lead to it: 4 KiB for each 2 MiB.
# expect: out_of_memory | error | success
# stdout: CONTAINED|^$
# memory_mb: 16
# alone: yes
import mmap

try:
    maps, touched = [], 0
    for _ in range(150_000 // 512):
        # 1 GiB each.
        maps.append(mmap.mmap(-1, 1 << 30, prot=mmap.PROT_READ))
        for place in range(0, 1 << 30, 2 << 20):
            maps[-1][place]
            touched += 1
except (OSError, MemoryError, OverflowError, ValueError, AttributeError, TypeError):
    pass
# 80 MiB of tables are what its memory and its share of the runtime allow.
print(f"ESCAPED with {touched >> 8} MiB of tables" if touched > 20_480 else "CONTAINED")
