# Ten thousand errors, each for the one before.
# expect: error | killed
error = ValueError(0)
for number in range(10_000):
    following = ValueError(number)
    following.__cause__ = error
    error = following
raise error
