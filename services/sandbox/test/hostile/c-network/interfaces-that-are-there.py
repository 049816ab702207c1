# A jail has no interface but its own loopback.
# expect: success
# stdout: CONTAINED
import socket

try:
    names = [name for _number, name in socket.if_nameindex()]
except (OSError, AttributeError):
    names = []
for path in ("/proc/net/dev", "/proc/net/route", "/proc/net/tcp", "/proc/net/unix", "/proc/net/if_inet6"):
    try:
        lines = open(path).read().splitlines()
    except OSError:
        continue
    names += [line.split(":")[0].strip() for line in lines[2:] if path.endswith("dev")]
    if path.endswith("tcp") and len(lines) > 1:
        print("ESCAPED: connections of others", lines[1:])
print(f"ESCAPED: {names}" if set(names) - {"lo"} else "CONTAINED")
