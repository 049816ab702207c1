# A filter that is too strict breaks honest programs: what libraries do must still be possible.
# expect: success
# stdout: done
import ctypes
import decimal
import hashlib
import json
import os
import select
import sqlite3
import ssl
import tempfile
import time
import zlib

assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
assert hashlib.scrypt(b"a", salt=b"b", n=2, r=1, p=1) if hasattr(hashlib, "scrypt") else True
assert ssl.RAND_bytes(4) and zlib.crc32(b"") == 0 and decimal.Decimal(1) / 3
assert json.loads("[1]") and ctypes.sizeof(ctypes.c_long) in (4, 8)
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "file"), "w") as file:
        file.write("text")
        file.flush()
        os.fsync(file.fileno())
time.sleep(0.001)
print("done")
