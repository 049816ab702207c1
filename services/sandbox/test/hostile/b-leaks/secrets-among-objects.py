# Walks through every object of the interpreter for what looks like a secret.
# expect: success
# stdout: CONTAINED
import gc
import sys

found = []
for thing in gc.get_objects():
    values = thing.values() if type(thing) is dict else thing if type(thing) in (list, tuple, set) else ()
    for value in list(values):
        if type(value) is str and ("can" + "ary-" in value or "CAN" + "ARY_" in value) and len(value) < 200:
            found.append(value)
print(found)
print(sys.argv, sys.orig_argv)
print("CONTAINED")
