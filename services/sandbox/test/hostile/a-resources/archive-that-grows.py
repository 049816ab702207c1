# A small archive of a large file, unpacked where it is.
# expect: success | out_of_memory
# memory_mb: 128
# artifacts: -
# timeout_ms: 8000
import io
import os
import zipfile

packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
    with archive.open("hostile-unpacked", "w") as member:
        for _ in range(96):
            member.write(bytes(2**20))
try:
    zipfile.ZipFile(packed).extractall(".")
except OSError:
    os.remove("hostile-unpacked")
