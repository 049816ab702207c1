# FIFOs, sockets and devices among the results: opening one can wait forever.
# expect: success
# artifacts: hostile-file
import os
import socket
import stat

for attempt in (
    lambda: os.mkfifo("hostile-fifo"),
    lambda: os.mknod("hostile-node", stat.S_IFIFO | 0o600),
    lambda: socket.socket(socket.AF_UNIX).bind("hostile-socket"),
):
    try:
        attempt()
    except (OSError, AttributeError):
        pass
for name in os.listdir("."):
    if stat.S_ISREG(os.lstat(name).st_mode):
        os.unlink(name)
with open("hostile-file", "w") as file:
    file.write("a file")
