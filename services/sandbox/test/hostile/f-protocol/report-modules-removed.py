# A module table without modules.
# expect: success | error | killed
import sys

sys.modules.clear()
raise ValueError("reported without modules")
