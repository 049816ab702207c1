# Two runs at the same time try to have a socket of one name.
# only: namespaces
# expect: success
# stdout: CONTAINED
# runs: 2
# together: yes
import socket
import time

try:
    mine = socket.socket(socket.AF_UNIX)
    mine.bind("\0hostile-meeting")
except OSError as error:
    if error.strerror == "Address already in use":
        print("ESCAPED: another run has the name")
except AttributeError:
    pass
time.sleep(0.4)
print("CONTAINED")
