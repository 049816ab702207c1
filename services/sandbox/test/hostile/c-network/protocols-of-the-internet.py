# SCTP, DCCP, UDP-Lite and MPTCP are code in the kernel, too.
# only: namespaces
# expect: success
# stdout: CONTAINED
import socket
import sys

found = []
if sys.platform != "emscripten":
    for family in (2, 10):
        for kind, protocol in ((1, 132), (5, 132), (6, 33), (2, 136), (1, 262), (3, 46), (3, 89)):
            try:
                socket.socket(family, kind, protocol).close()
                found.append(protocol)
            except OSError:
                pass
print(f"ESCAPED: protocols {found}" if found else "CONTAINED")
