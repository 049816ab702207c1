# Shared memory is nobody's own: is it counted?
# expect: success | out_of_memory
# memory_mb: 64
# alone: yes
import mmap

taken = 0
maps = []
try:
    for _ in range(64):
        part = mmap.mmap(-1, 16 * 2**20, flags=mmap.MAP_SHARED)
        part.write(b"x" * len(part))
        maps.append(part)
        taken += 16
except (OSError, MemoryError, ValueError, AttributeError):
    pass
print(f"ESCAPED with {taken} MiB" if taken == 1024 else "CONTAINED")
