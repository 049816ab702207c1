# 137 is what a kill for lack of memory looks like from a shell; here it is only a number.
# expect: error
import sys

sys.exit(137)
