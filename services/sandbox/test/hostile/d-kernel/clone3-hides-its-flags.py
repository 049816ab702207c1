# clone3 takes its flags from memory, where no filter can look: it must not be there.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes
import errno
import struct

try:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    arguments = struct.pack("8Q", 0x10000000, 0, 0, 0, 17, 0, 0, 0)
    answer = syscall(435, arguments, len(arguments))
    gone = answer == -1 and ctypes.get_errno() == errno.ENOSYS
except (OSError, AttributeError):
    answer, gone = -1, True
if answer == 0:
    import os

    os._exit(0)
print("CONTAINED" if gone else "ESCAPED: clone3 is there")
