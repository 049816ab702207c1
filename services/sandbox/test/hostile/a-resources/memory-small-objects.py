# Many small things instead of a large one.
# expect: out_of_memory
# memory_mb: 64
hoard = {}
while True:
    hoard[len(hoard)] = [str(len(hoard))]
