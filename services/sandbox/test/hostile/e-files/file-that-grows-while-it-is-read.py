# A child goes on writing when the program is over.
# expect: success
# stdout: done
import os

with open("hostile-growing", "wb") as file:
    file.write(b"x" * 1000)
try:
    if os.fork() == 0:
        with open("hostile-growing", "ab", buffering=0) as file:
            while True:
                file.write(b"y" * 10_000)
except (OSError, AttributeError):
    pass
print("done")
