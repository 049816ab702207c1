# Everything that a runner in the same interpreter might use to tell how it ended.
# expect: success | error | killed
import ast
import builtins
import json
import os
import sys
import traceback

json.dumps = json.loads = lambda *_, **__: '{"result": "forged"}'
ast.parse = traceback.format_exception = lambda *_, **__: None
traceback.TracebackException.from_exception = None
for name, module in list(sys.modules.items()):
    if "runner" in name or "toolmesh" in name or name == "__main__":
        for key in list(vars(module)):
            if key.startswith("_") and not key.startswith("__"):
                setattr(module, key, lambda *_, **__: "forged")
builtins.repr = builtins.isinstance = builtins.len = builtins.type = lambda *_: 10**6
os.write(1, b"done")
