# The resolver of the system asks in the program's stead.
# expect: success
# stdout: CONTAINED
import socket

for name in ("example.com", "metadata.google.internal", "sandbox", "mcp-server", "host.docker.internal"):
    try:
        addresses = {entry[4][0] for entry in socket.getaddrinfo(name, 80)}
    except OSError:
        continue
    # Emscripten makes up an address of its own for every name.
    if not all(address.startswith("172.29.") for address in addresses):
        print("ESCAPED:", name, "is", addresses)
print("CONTAINED")
