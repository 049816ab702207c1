# A little, and a little more.
# expect: out_of_memory
# memory_mb: 64
hoard = []
while True:
    hoard.append(bytearray(2**20))
