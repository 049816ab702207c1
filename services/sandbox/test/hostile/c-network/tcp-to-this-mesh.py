# The services of this very mesh, on the ports that everybody knows.
# expect: success
# stdout: CONTAINED
import socket

for port in (8000, 8001, 8002, 8003, 8004, 9090, 3000, 11434):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
        print("ESCAPED to port", port)
    except OSError:
        pass
print("CONTAINED")
