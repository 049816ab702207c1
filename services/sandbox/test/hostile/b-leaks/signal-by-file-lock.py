# Two runs at the same time lock the same file of the system, which both can only read.
# only: namespaces
# expect: success
# stdout: CONTAINED
# runs: 2
# together: yes
import os
import time

try:
    import fcntl

    fd = os.open(os.__file__, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("ESCAPED: another run holds the lock")
except (OSError, ImportError):
    pass
time.sleep(0.4)
print("CONTAINED")
