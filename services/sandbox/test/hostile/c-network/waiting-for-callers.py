# A program that others can call is a way in.
# expect: success
# stdout: done
import socket

for address in ("0.0.0.0", "127.0.0.1"):
    for port in (0, 8001, 80):
        try:
            with socket.socket() as server:
                server.bind((address, port))
                server.listen()
        except OSError:
            pass
print("done")
