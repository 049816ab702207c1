# A file that has no name any more and still takes room.
# expect: success | out_of_memory
# artifacts: -
import os

fd = os.open("hostile-gone", os.O_CREAT | os.O_RDWR)
os.unlink("hostile-gone")
try:
    for _ in range(16):
        os.write(fd, b"x" * 2**20)
except OSError:
    pass
