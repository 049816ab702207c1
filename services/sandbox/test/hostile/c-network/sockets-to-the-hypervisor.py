# A machine in a machine talks to its host by other sockets.
# only: namespaces
# expect: success
# stdout: CONTAINED
# timeout_ms: 4000
import socket

for machine in (0, 1, 2, 3):
    for port in (22, 1024, 8001):
        try:
            with socket.socket(40, socket.SOCK_STREAM) as caller:
                caller.settimeout(0.1)
                caller.connect((machine, port))
                print("ESCAPED to", machine, port)
        except (OSError, TypeError):
            pass
print("CONTAINED")
