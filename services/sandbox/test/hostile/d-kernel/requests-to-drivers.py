# Of the requests to files and terminals, those that programs need.
# only: namespaces
# expect: success
# stdout: CONTAINED
import array
import fcntl
import os
import pty
import termios
import tty

taken = []
_, terminal = pty.openpty()
pipe = os.pipe()
for name, request, argument in (
    ("TIOCSETD", 0x5423, array.array("i", [27])),
    ("TIOCGETD", 0x5424, array.array("i", [0])),
    ("TIOCSTI", 0x5412, b"#"),
    ("TIOCLINUX", 0x541C, b"\x02"),
    ("TIOCCONS", 0x541D, 0),
    ("TIOCEXCL", 0x540C, 0),
    ("TIOCSSERIAL", 0x541F, bytes(128)),
    ("TIOCVHANGUP", 0x5437, 0),
    ("KDSETMODE", 0x4B3A, 0),
    ("KVM_GET_API_VERSION", 0xAE00, 0),
    ("RNDGETENTCNT", 0x80045200, array.array("i", [0])),
    ("FS_IOC_GETFLAGS", 0x80086601, array.array("l", [0])),
    ("SIOCGIFCONF", 0x8912, bytes(16)),
    ("TIOCSTI with a high half", 0x5412 | 1 << 32, b"#"),
):
    for fd in (terminal, pipe[0], os.open("/dev/urandom", os.O_RDONLY), os.open("/work", os.O_RDONLY)):
        try:
            fcntl.ioctl(fd, request, argument)
            taken.append(name)
        except (OSError, OverflowError):
            pass
# What is needed works.
termios.tcgetattr(terminal)
tty.setraw(terminal)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, array.array("H", [24, 80, 0, 0]))
size = os.get_terminal_size(terminal)
os.write(pipe[1], b"abc")
waiting = array.array("i", [0])
fcntl.ioctl(pipe[0], termios.FIONREAD, waiting)
fcntl.ioctl(pipe[0], termios.FIOCLEX)
if (size.columns, size.lines, waiting[0]) != (80, 24, 3):
    taken.append(f"nothing of use: {size}, {waiting}")
print(f"ESCAPED by {taken}" if taken else "CONTAINED")
