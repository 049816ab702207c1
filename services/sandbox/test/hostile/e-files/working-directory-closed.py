# The working directory itself, closed to everybody.
# expect: success
import os

with open("hostile-file", "w") as file:
    file.write("x")
try:
    os.chmod(".", 0)
except PermissionError:
    pass
