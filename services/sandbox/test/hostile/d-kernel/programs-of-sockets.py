# A socket may have a filter, which is a program for the kernel: classic or not, of one socket or of a group.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import socket
import struct

taken = []
accept = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0xFFFF))
program = struct.pack("HxxxxxxP", 1, ctypes.addressof(accept))
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
for name, option, value in (
    ("SO_ATTACH_FILTER", 26, program),
    ("SO_ATTACH_BPF", 50, 3),
    ("SO_ATTACH_REUSEPORT_CBPF", 51, program),
    ("SO_ATTACH_REUSEPORT_EBPF", 52, 3),
):
    try:
        a.setsockopt(socket.SOL_SOCKET, option, value)
        taken.append(name)
    except PermissionError:
        pass
    except OSError as error:
        taken.append(f"{name}: {error}")
# Buffers are not made larger, and nobody who asks for that fails.
before = a.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
if a.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) > before:
    taken.append("SO_SNDBUF")
a.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
b.settimeout(1)
a.send(b"x")
if b.recv(1) != b"x":
    taken.append("nothing of use")
print(f"ESCAPED by {taken}" if taken else "CONTAINED")
