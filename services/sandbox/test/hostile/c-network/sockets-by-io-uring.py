# A ring of requests makes sockets without the call that makes sockets.
# only: namespaces
# expect: success
# stdout: CONTAINED
import ctypes

try:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    parameters = ctypes.create_string_buffer(120)
    print("ESCAPED: io_uring is there" if syscall(425, 8, parameters) >= 0 else "CONTAINED")
except (OSError, AttributeError):
    print("CONTAINED")
