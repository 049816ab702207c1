# The same with a report that is too deep, too long or of other types for whoever reads it.
# only: namespaces
# expect: success | error | killed
# runs: 4
import mmap
import os
import struct
import sys

nonsense = (
    b"[" * 1_000_000,
    b'{"result": 5, "error": [1], "exit_code": "x", "out_of_memory": {}, "cpu_ms": -1e308}',
    b'{"result": "' + b"x" * 3_000_000 + b'", "exit_code": 999999999999, "error": null}',
    b'{"result": NaN, "exit_code": Infinity, "error": {"type": "\\ud800", "message": null}}',
)
text = nonsense[os.urandom(1)[0] % len(nonsense)]
frame = sys._getframe()
while frame is not None:
    for value in list(frame.f_locals.values()):
        for part in list(vars(value).values()) if hasattr(value, "__dict__") else []:
            if isinstance(part, mmap.mmap):
                part[4 : 4 + len(text)] = text
                part[:4] = struct.pack("<I", len(text))
    frame = frame.f_back
os._exit(0)
