# AF_ALG: ciphers in the kernel, and the errors in them.
# only: namespaces
# expect: success
# stdout: CONTAINED
import socket

try:
    socket.socket(38, socket.SOCK_SEQPACKET, 0).close()
    print("ESCAPED: AF_ALG is there")
except OSError:
    print("CONTAINED")
