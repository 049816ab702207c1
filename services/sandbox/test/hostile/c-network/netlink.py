# The kernel's own network speaks of routes and neighbours, and may be told new ones.
# only: namespaces
# expect: success
# stdout: CONTAINED
import socket
import struct

try:
    with socket.socket(16, socket.SOCK_RAW, 0) as kernel:
        kernel.settimeout(0.3)
        kernel.send(struct.pack("=IHHII", 20, 18, 0x301, 1, 0) + b"\0" * 4)
        names = kernel.recv(65_536)
        print("ESCAPED to an interface" if b"eth" in names or b"docker" in names else "CONTAINED")
except (OSError, AttributeError):
    print("CONTAINED")
