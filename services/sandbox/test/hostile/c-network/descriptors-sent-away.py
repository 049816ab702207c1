# Whoever holds a socket of the service can hand out what he has open.
# only: namespaces
# expect: success | killed | error
# artifacts: -
import array
import os
import socket

for fd in range(3, 64):
    try:
        line = socket.socket(fileno=os.dup(fd))
        peer = line.getpeername()
        line.settimeout(0.1)
        line.sendmsg([b"\0"], [(socket.SOL_SOCKET, 1, array.array("i", [0]))])
        data, extra, _flags, _from = line.recvmsg(1, 4096)
        print("ESCAPED: descriptors came back from" if extra else "nothing came back from", fd, repr(peer))
    except (OSError, AttributeError):
        pass
print("CONTAINED")
