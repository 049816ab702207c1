# Every port of this machine: the service listens on one of them.
# expect: success | timeout
# timeout_ms: 3000
import socket

reached = []
for port in range(1, 65_536):
    try:
        probe = socket.socket()
        probe.settimeout(0.05)
    except OSError:
        break
    with probe:
        try:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                reached.append(port)
        except OSError:
            break
print(f"ESCAPED to {reached}" if reached else "CONTAINED")
