# Modules hold modules.
# expect: success
# stdout: CONTAINED
import json
import re

seen, queue = set(), [json, re]
while queue:
    module = queue.pop()
    if id(module) in seen:
        continue
    seen.add(id(module))
    queue += [value for value in vars(module).values() if type(value) is type(json)]
    if hasattr(module, "system"):
        try:
            module.system("cat /etc/shadow > hostile-shadow 2> /dev/null")
        except OSError:
            pass
try:
    print("ESCAPED" if open("hostile-shadow").read() else "CONTAINED")
except OSError:
    print("CONTAINED")
