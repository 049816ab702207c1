# A child exchanges a file for a link and back, to hit the moment between look and read.
# expect: success
# stdout: done
import os

with open("hostile-file", "w") as file:
    file.write("mine")
try:
    if os.fork() == 0:
        while True:
            os.symlink("/etc/passwd", "hostile-other")
            os.replace("hostile-other", "hostile-file")
            with open("hostile-other", "w") as file:
                file.write("mine")
            os.replace("hostile-other", "hostile-file")
except (OSError, AttributeError):
    pass
print("done")
