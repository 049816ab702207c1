# Two gigabytes at once, filled.
# expect: out_of_memory
# memory_mb: 64
block = b"x" * (2**31 - 2**16)
