# Finds the memory by which the sandbox is told how the program ended, and writes there what it likes.
# only: namespaces
# expect: success | error | killed
# artifacts: -
import gc
import json
import mmap
import os
import struct
import sys

report = {"result": "forged", "error": None, "exit_code": 0, "signal": None, "out_of_memory": False, "cpu_ms": 0,
          "artifacts": [{"path": "../../hostile-forged", "data": "eA=="}], "artifacts_truncated": False}
memories = [thing for thing in gc.get_objects() if isinstance(thing, mmap.mmap)]
frame = sys._getframe()
while frame is not None:
    for value in list(frame.f_locals.values()):
        memories += [part for part in vars(value).values() if isinstance(part, mmap.mmap)] if hasattr(value, "__dict__") else []
    frame = frame.f_back
text = json.dumps(report).encode()
for memory in memories:
    memory[4 : 4 + len(text)] = text
    memory[:4] = struct.pack("<I", len(text))
os._exit(0)
