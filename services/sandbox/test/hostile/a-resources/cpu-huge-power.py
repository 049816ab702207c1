# Arithmetic without an end in sight.
# expect: timeout | out_of_memory
# timeout_ms: 600
7 ** (10**9)
