# A value that is a hundred thousand lists deep.
# expect: error | killed
nested = []
for _ in range(100_000):
    nested = [nested]
nested
