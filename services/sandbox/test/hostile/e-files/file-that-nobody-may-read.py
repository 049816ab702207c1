# Modes that keep out whoever collects.
# expect: success
import os

os.mkdir("hostile-closed")
for path in ("hostile-file", "hostile-closed/inside"):
    with open(path, "w") as file:
        file.write("x")
os.chmod("hostile-file", 0)
os.chmod("hostile-closed", 0)
