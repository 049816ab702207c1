# The module that it is, replaced by something else.
# expect: success | error | killed
import sys

sys.modules["__main__"] = None
sys.modules["sys"] = None
globals().clear()
