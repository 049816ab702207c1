# One file until the disk is full.
# expect: success | out_of_memory
# alone: yes
taken = 0
try:
    with open("hostile-huge", "wb", buffering=0) as huge:
        for _ in range(2048):
            taken += huge.write(b"x" * 2**20)
except OSError:
    pass
print(f"ESCAPED with {taken >> 20} MiB" if taken > 1024 * 2**20 else "CONTAINED")
