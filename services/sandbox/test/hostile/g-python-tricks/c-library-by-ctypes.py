# Past the interpreter, straight to C.
# expect: success
# stdout: CONTAINED
import ctypes

try:
    ctypes.CDLL(None).system(b"cat /etc/shadow > /tmp/hostile-shadow 2> /dev/null")
except (OSError, AttributeError):
    pass
try:
    print("ESCAPED" if open("/tmp/hostile-shadow").read() else "CONTAINED")
except OSError:
    print("CONTAINED")
