# An exit "code" that raises when it is looked at.
# expect: error
import sys


class Angry:
    def __str__(self):
        raise SystemExit(0)

    __repr__ = __str__


sys.exit(Angry())
