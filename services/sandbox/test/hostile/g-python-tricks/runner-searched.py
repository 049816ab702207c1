# Looks for the sandbox's own modules, and for anything in them that leads out.
# expect: success
# stdout: CONTAINED
import sys
import types

for name, module in sorted(sys.modules.items()):
    path = getattr(module, "__file__", None) or ""
    if "toolmesh" in name or "/opt/" in path or "runner" in name:
        for key, value in sorted(vars(module).items()):
            if not isinstance(value, types.ModuleType):
                print(name, key, repr(value)[:200])
print("CONTAINED")
