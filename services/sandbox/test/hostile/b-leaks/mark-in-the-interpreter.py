# The same in the interpreter's own state.
# expect: success
# stdout: CONTAINED
# runs: 2
import builtins
import json
import os
import string
import sys
import types

if hasattr(builtins, "mark") or hasattr(json, "mark") or "hostile_mark" in sys.modules or "MARK" in os.environ:
    print("ESCAPED: a mark is left in the interpreter")
if string.digits != "0123456789":
    print("ESCAPED: a constant is another one")
builtins.mark = json.mark = 1
string.digits = "9876543210"
sys.modules["hostile_mark"] = types.ModuleType("hostile_mark")
sys.path.insert(0, "/tmp")
os.environ["MARK"] = "1"
print("CONTAINED")
