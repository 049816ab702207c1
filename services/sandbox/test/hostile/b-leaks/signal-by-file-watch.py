# Two runs at the same time watch a file of the system that both can only read: each sees when the other opens it.
# only: namespaces
# expect: success
# stdout: CONTAINED
# runs: 2
# together: yes
import ctypes
import os
import time

seen = 0
try:
    libc = ctypes.CDLL(None)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    path = os.path.join(os.path.dirname(os.__file__), "this.py")
    IN_OPEN = 0x20
    libc.inotify_add_watch(watch, path.encode(), IN_OPEN)
    own_turn = 20 + os.urandom(1)[0] % 40
    for turn in range(80):
        time.sleep(0.01)
        if turn == own_turn:
            open(path).close()
        try:
            seen += len(os.read(watch, 4096)) > 0 and turn != own_turn
        except BlockingIOError:
            pass
except (OSError, AttributeError):
    pass
print("ESCAPED: another run has opened the file" if seen else "CONTAINED")
