# Each byte of a character on its own, and the last one never.
# expect: success
# stdout: €€€
import os

for _ in range(2000):
    for byte in "€".encode():
        os.write(1, bytes([byte]))
os.write(1, b"\xe2\x82")
