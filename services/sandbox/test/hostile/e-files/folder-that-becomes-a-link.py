# The same with the folder above it.
# expect: success
# stdout: done
import os

os.mkdir("hostile-folder")
with open("hostile-folder/passwd", "w") as file:
    file.write("mine")
try:
    if os.fork() == 0:
        while True:
            os.rename("hostile-folder", "hostile-kept")
            os.symlink("/etc", "hostile-folder")
            os.unlink("hostile-folder")
            os.rename("hostile-kept", "hostile-folder")
except (OSError, AttributeError):
    pass
print("done")
