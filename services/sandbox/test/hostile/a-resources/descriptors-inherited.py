# Descriptors that somebody has left open: sockets and files of the service.
# expect: success
# stdout: CONTAINED
import os
import stat

inherited = []
# A socket to its supervisor, by which it shows and calls (f-protocol, hostile-tool-calls.test.ts): nobody else's.
OWN = 16
for fd in range(3, 4096):
    try:
        kind = os.fstat(fd).st_mode
    except OSError:
        continue
    if fd == OWN and stat.S_ISSOCK(kind):
        continue
    if stat.S_ISSOCK(kind) or stat.S_ISREG(kind) or stat.S_ISDIR(kind):
        inherited.append(f"{fd}:{stat.filemode(kind)}")
print("ESCAPED by descriptors " + ", ".join(inherited) if inherited else "CONTAINED")
