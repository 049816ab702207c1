# memfd_create gives files that are memory and lie in no folder.
# expect: success | out_of_memory
# memory_mb: 64
# alone: yes
import os

taken = 0
try:
    for _ in range(64):
        fd = os.memfd_create("hoard")
        for _ in range(16):
            taken += os.write(fd, b"x" * 2**20)
except (OSError, AttributeError):
    pass
print(f"ESCAPED with {taken >> 20} MiB" if taken > 512 * 2**20 else "CONTAINED")
