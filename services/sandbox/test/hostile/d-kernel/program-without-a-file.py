# A program in memory that was never on a disk: it may run, and is in the same jail.
# only: namespaces
# expect: success | killed
# stdout: CONTAINED|^$
import os
import subprocess

try:
    fd = os.memfd_create("hostile")
    os.write(fd, b"#!/bin/sh\ncat /etc/shadow && echo out || echo in\n")
    done = subprocess.run([f"/proc/self/fd/{fd}"], pass_fds=[fd], capture_output=True, text=True)
    print("ESCAPED" if "out" in done.stdout else "CONTAINED")
except (OSError, AttributeError, ValueError):
    print("CONTAINED")
