# Addresses that always answer.
# expect: success
# stdout: CONTAINED
import socket

for address in (("1.1.1.1", 443), ("8.8.8.8", 53), ("9.9.9.9", 443), ("2606:4700:4700::1111", 443)):
    try:
        socket.create_connection(address, timeout=0.3).close()
        print("ESCAPED to", address)
    except OSError:
        pass
print("CONTAINED")
