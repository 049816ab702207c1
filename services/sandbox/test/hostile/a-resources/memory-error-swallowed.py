# Takes all there is again and again, and does not listen.
# expect: timeout | out_of_memory
# memory_mb: 64
# timeout_ms: 1000
hoard = []
while True:
    try:
        hoard.append(bytearray(2**18))
    except MemoryError:
        pass
