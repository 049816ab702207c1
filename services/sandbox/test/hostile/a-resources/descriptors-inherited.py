# Descriptors that somebody has left open: sockets and files of the service.
# expect: success
# stdout: CONTAINED
import os
import stat

inherited = []
for fd in range(3, 4096):
    try:
        kind = os.fstat(fd).st_mode
    except OSError:
        continue
    if stat.S_ISSOCK(kind) or stat.S_ISREG(kind) or stat.S_ISDIR(kind):
        inherited.append(f"{fd}:{stat.filemode(kind)}")
print("ESCAPED by descriptors " + ", ".join(inherited) if inherited else "CONTAINED")
