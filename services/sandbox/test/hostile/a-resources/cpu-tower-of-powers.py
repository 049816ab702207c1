# More digits than there is memory.
# expect: out_of_memory | timeout | error
# memory_mb: 64
# timeout_ms: 600
2 ** (10**10)
