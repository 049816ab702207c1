# Opens files until there are no descriptors left, and ends so.
# expect: success
# stdout: CONTAINED
taken = []
try:
    while len(taken) < 100_000:
        taken.append(open("/dev/null"))
except OSError:
    pass
print("ESCAPED with a hundred thousand descriptors" if len(taken) == 100_000 else "CONTAINED")
