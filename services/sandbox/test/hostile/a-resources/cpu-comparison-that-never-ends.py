# Sorting calls what the program says.
# expect: timeout
# timeout_ms: 600
class Undecided:
    def __lt__(self, other):
        while True:
            pass


sorted([Undecided(), Undecided()])
