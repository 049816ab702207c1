# A read that must not wait tells which pages of a file somebody has read: which modules the other programs import.
# only: namespaces
# expect: success
# stdout: CONTAINED
import os

answered = []
for path in ("/usr/bin/python3", "/usr/bin/env"):
    fd = os.open(path, os.O_RDONLY)
    for offset in (0, 4096):
        try:
            os.preadv(fd, [bytearray(1)], offset, os.RWF_NOWAIT)
            answered.append(path)
        except OSError:
            pass
if os.preadv(os.open("/usr/bin/env", os.O_RDONLY), [bytearray(4)], 0, 0) != 4:
    answered.append("nothing else")
print(f"ESCAPED: {answered} were read" if answered else "CONTAINED")
