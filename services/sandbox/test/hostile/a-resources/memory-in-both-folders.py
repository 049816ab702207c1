# The working directory and /tmp, each filled as far as it goes.
# expect: success | out_of_memory
# memory_mb: 64
# alone: yes
import os

taken = 0
for folder in (".", "/tmp", "/var/tmp", "/dev/shm", "/run"):
    name = os.path.join(folder, "hostile-hoard")
    try:
        with open(name, "wb", buffering=0) as hoard:
            for _ in range(512):
                taken += hoard.write(b"x" * 2**20)
    except OSError:
        pass
print(f"ESCAPED with {taken >> 20} MiB" if taken > 768 * 2**20 else "CONTAINED")
