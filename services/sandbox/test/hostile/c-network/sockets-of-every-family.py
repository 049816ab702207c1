# Families of sockets that hardly anybody uses, nor has looked at for long.
# expect: success
# stdout: CONTAINED
import socket
import sys

usual = {1, 2, 10} if sys.platform != "emscripten" else set(range(64))
found = set()
for family in set(range(64)) - usual:
    for kind in (1, 2, 3, 4, 5, 10):
        for protocol in (0, 1, 3):
            try:
                socket.socket(family, kind, protocol).close()
                found.add(family)
            except OSError:
                pass
print(f"ESCAPED: families {sorted(found)}" if found else "CONTAINED")
