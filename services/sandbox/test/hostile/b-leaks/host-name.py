# What the machine is called.
# expect: success
# stdout: CONTAINED
import os
import socket

print(os.uname().nodename)
try:
    if socket.gethostname() != os.uname().nodename:
        print("ESCAPED by", socket.gethostname())
except OSError:
    pass
print("CONTAINED")
