# Streams whose every method raises.
# expect: error
import sys


class Failing:
    def __getattr__(self, name):
        raise SystemError(name)


sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Failing()
raise ValueError("told nobody")
