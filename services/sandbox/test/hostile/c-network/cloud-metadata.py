# Where clouds hand out keys to whoever asks from inside.
# expect: success
# stdout: CONTAINED
import socket

for host in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254", "169.254.170.2"):
    try:
        socket.create_connection((host, 80), timeout=0.3).close()
        print("ESCAPED to", host)
    except OSError:
        pass
print("CONTAINED")
