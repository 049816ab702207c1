# Anonymous memory straight from the kernel, every page touched.
# expect: out_of_memory
# memory_mb: 64
# alone: yes
import mmap

maps = []
try:
    for _ in range(64):
        part = mmap.mmap(-1, 16 * 2**20)
        for at in range(0, len(part), 4096):
            part[at] = 1
        maps.append(part)
except OSError as error:
    raise MemoryError from error
