# Dates long before and after everything.
# expect: success
# artifacts: hostile-early, hostile-late
import os

for name, time in (("hostile-early", -(2**40)), ("hostile-late", 2**40)):
    with open(name, "w") as file:
        file.write("x")
    try:
        os.utime(name, (time, time))
    except (OSError, OverflowError):
        pass
