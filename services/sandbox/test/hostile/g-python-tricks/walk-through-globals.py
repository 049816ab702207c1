# A function knows its module, and that all the others.
# expect: success
# stdout: CONTAINED
import os

candidates = [wrapper for wrapper in object.__subclasses__() if hasattr(wrapper.__init__, "__globals__")]
for wrapper in candidates:
    known = wrapper.__init__.__globals__
    for name in ("sys", "os", "builtins", "__builtins__"):
        if name in known and hasattr(known[name], "environ"):
            print(dict(known[name].environ) == dict(os.environ))
print("CONTAINED")
