# An exit code that is no number that a system knows.
# expect: error
import sys

sys.exit(10**30 + 7)
