# Compiled files are believed without a look at their source.
# expect: success
# stdout: CONTAINED
# runs: 2
import importlib.util
import os
import py_compile
import sys

sys.dont_write_bytecode = False
with open("hostile_source.py", "w") as file:
    file.write("VALUE = 'poisoned'\n")
for module in ("colorsys", "chunk", "this", "keyword"):
    spec = importlib.util.find_spec(module)
    try:
        target = importlib.util.cache_from_source(spec.origin)
        if os.path.exists(target) and b"poisoned" in open(target, "rb").read():
            print("ESCAPED: the compiled file of the run before")
        py_compile.compile("hostile_source.py", cfile=target, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    except (OSError, AttributeError, NotImplementedError, TypeError):
        pass
print("CONTAINED")
