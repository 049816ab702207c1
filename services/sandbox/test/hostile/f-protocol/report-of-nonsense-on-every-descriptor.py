# Frames that promise gigabytes, and bytes that are no frame.
# expect: error | killed | success
import os

for fd in [0, *range(3, 256)]:
    for noise in (b"\xff" * 64, b"\x7f\xff\xff\xff\x06", b"\0" * 64, b"{" * 64):
        try:
            os.set_blocking(fd, False)
            os.write(fd, noise)
        except OSError:
            break
print("done")
