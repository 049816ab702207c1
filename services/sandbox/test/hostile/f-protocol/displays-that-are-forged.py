# expect: success
# stdout: ^CONTAINED
# artifacts: -
import json
import os
import struct


def frames():
    for kind in range(20):
        yield struct.pack(">IB", 5, kind) + b"junk!"
    forged = {"data": {"text/html": "<script>", "../../x": "y", "image/png": "no base64"}, "id": "x" * 500}
    yield struct.pack(">IB", len(json.dumps(forged)), 10) + json.dumps(forged).encode()
    yield struct.pack(">IB", 1 << 21, 10) + b"[" * (1 << 21)
    yield struct.pack(">IB", 0xFFFFFFFF, 10) + b"x" * 100_000


for n in range(5_000):
    display({"n": n})
for data in frames():
    for fd in range(3, 64):
        try:
            os.set_blocking(fd, False)
            os.write(fd, data)
        except OSError:
            pass
try:
    display("after")
except Exception as error:
    print("CONTAINED", type(error).__name__)
else:
    print("CONTAINED")
