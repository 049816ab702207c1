# A file that all jails can read tells of none of them: no news of its directory, no lease on it.
# only: namespaces
# expect: success
# stdout: CONTAINED
import errno
import fcntl
import os
import signal

signal.signal(signal.SIGIO, signal.SIG_IGN)
F_SETLEASE, F_NOTIFY = 1024, 1026
got = []
for path in ("/usr/lib", "/usr/bin", "/work", "/tmp"):
    fd = os.open(path, os.O_RDONLY)
    for command, argument in ((F_NOTIFY, 0x1), (F_NOTIFY, 0x8000_003F - (1 << 32)), (F_SETLEASE, fcntl.F_RDLCK)):
        try:
            fcntl.fcntl(fd, command, argument)
            got.append((path, command))
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EINVAL):
                got.append((path, command, error))
own = os.open("own", os.O_RDWR | os.O_CREAT)
for command, argument in ((F_SETLEASE, fcntl.F_WRLCK), (F_SETLEASE, fcntl.F_UNLCK), (1 << 32 | F_NOTIFY, 1)):
    try:
        fcntl.fcntl(own, command, argument)
        got.append(("own", command))
    except (OSError, OverflowError):
        pass
# What databases need is there.
fcntl.lockf(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
fcntl.fcntl(own, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
print(f"ESCAPED with {got}" if got else "CONTAINED")
