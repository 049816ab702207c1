# Errors tell where the code is that raised them.
# expect: success
# stdout: CONTAINED
import json
import sys
import traceback

try:
    json.loads("{")
except ValueError:
    traceback.print_exc(file=sys.stdout)
traceback.print_stack(file=sys.stdout)
for name, module in sorted(sys.modules.items()):
    print(name, getattr(module, "__file__", None))
print(sys.path, sys.prefix, sys.exec_prefix, sys.executable, sys.flags, sys.argv)
print("CONTAINED")
