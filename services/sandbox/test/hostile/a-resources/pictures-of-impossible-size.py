# Results that are dangerous to whoever draws them; the sandbox only hands them on.
# expect: success
# artifacts: hostile.gif, hostile.png, hostile.svg, hostile.xml
import struct
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


with open("hostile.png", "wb") as png:
    png.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 6, 0, 0, 0)))
    png.write(chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b""))
with open("hostile.gif", "wb") as gif:
    gif.write(b"GIF89a\xff\xff\xff\xff\x00\x00\x00" + b"\x2c\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00" * 1000 + b";")
with open("hostile.svg", "w") as svg:
    svg.write('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
with open("hostile.xml", "w") as xml:
    rungs = "".join(f'<!ENTITY r{n} "{f"&r{n - 1};" * 10}">' for n in range(1, 9))
    xml.write(f'<!DOCTYPE lol [<!ENTITY r0 "ha">{rungs}]><lol>&r8;</lol>')
