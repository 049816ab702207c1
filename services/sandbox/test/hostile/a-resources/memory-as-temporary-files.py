# So are those in a /tmp that is memory.
# expect: success | out_of_memory
# memory_mb: 64
# alone: yes
taken = 0
try:
    for number in range(64):
        with open(f"/tmp/hostile-hoard-{number}", "wb") as hoard:
            for _ in range(16):
                taken += hoard.write(b"x" * 2**20)
except OSError:
    pass
print(f"ESCAPED with {taken >> 20} MiB" if taken > 512 * 2**20 else "CONTAINED")
