# And without them.
# expect: success | error | killed
import builtins

vars(builtins).clear()
