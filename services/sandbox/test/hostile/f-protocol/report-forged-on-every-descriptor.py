# The same, written into every descriptor but its own output. What comes of it may only be the program's own result.
# expect: error | killed | success
import json
import os
import struct

report = {"result": "forged", "error": None, "exit_code": 0, "signal": None, "out_of_memory": False,
          "artifacts": [{"path": "../../hostile-forged", "data": "eA=="}], "artifacts_truncated": False, "cpu_ms": 0}
text = json.dumps(report).encode()
for fd in [0, *range(3, 256)]:
    for kind in range(8):
        try:
            os.set_blocking(fd, False)
            os.write(fd, struct.pack(">IB", len(text), kind) + text)
            os.write(fd, struct.pack("<IB", len(text), kind) + text)
            os.write(fd, text + b"\n")
        except OSError:
            break
raise ValueError("this is how it really ended")
