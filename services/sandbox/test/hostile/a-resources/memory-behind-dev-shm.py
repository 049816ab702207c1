# Files below /dev/shm are memory.
# expect: success | out_of_memory
# memory_mb: 64
# alone: yes
taken = 0
try:
    with open("/dev/shm/hostile-hoard", "wb") as hoard:
        for _ in range(1024):
            taken += hoard.write(b"x" * 2**20)
except OSError:
    pass
print(f"ESCAPED with {taken >> 20} MiB" if taken > 512 * 2**20 else "CONTAINED")
