# ICMP carries anything.
# expect: success
# stdout: CONTAINED
import socket

for kind, protocol in ((socket.SOCK_RAW, 1), (socket.SOCK_DGRAM, 1), (socket.SOCK_RAW, 255)):
    try:
        with socket.socket(socket.AF_INET, kind, protocol) as sender:
            sender.sendto(b"\x08\x00\xf7\xff\x00\x00\x00\x00", ("1.1.1.1", 0))
            print("ESCAPED by", kind, protocol)
    except OSError:
        pass
print("CONTAINED")
