# The last value is far larger than a result may be.
# expect: success | out_of_memory
# memory_mb: 256
"x" * (2 * 10**7)
