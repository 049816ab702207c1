# Changes the files of the library, for those who import it next.
# expect: success
# stdout: CONTAINED
# runs: 2
import importlib
import json
import os
import string

if getattr(string, "POISONED", False) or getattr(json, "POISONED", False):
    print("ESCAPED: the library of the run before")
for module in (string, json):
    for path in (module.__file__, getattr(module, "__cached__", None)):
        try:
            with open(path, "a") as file:
                file.write("\nPOISONED = True\n")
        except (OSError, TypeError):
            pass
string.POISONED = json.POISONED = True
for folder in {os.path.dirname(string.__file__), os.path.dirname(json.__file__)}:
    try:
        with open(os.path.join(folder, "hostile_module.py"), "w") as file:
            file.write("raise SystemExit")
    except OSError:
        pass
importlib.invalidate_caches()
print("CONTAINED")
