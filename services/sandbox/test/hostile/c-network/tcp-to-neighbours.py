# Gateways and bridges of the usual private networks.
# expect: success
# stdout: CONTAINED
import socket

for host in ("10.0.0.1", "10.0.2.2", "172.17.0.1", "172.18.0.1", "192.168.0.1", "192.168.1.1", "192.168.65.2"):
    for port in (22, 80, 2375):
        try:
            socket.create_connection((host, port), timeout=0.1).close()
            print("ESCAPED to", host, port)
        except OSError:
            pass
print("CONTAINED")
