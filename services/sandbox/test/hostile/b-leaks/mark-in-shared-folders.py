# Leaves a mark wherever one can be left, and looks for that of the run before.
# expect: success
# stdout: CONTAINED
# runs: 2
import os

places = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", "/work", "/", "/home", os.path.expanduser("~"), "."]
for place in places:
    mark = os.path.join(place, "hostile-mark")
    if os.path.exists(mark):
        print("ESCAPED: a mark is left in", place)
for place in places:
    try:
        with open(os.path.join(place, "hostile-mark"), "w") as file:
            file.write("I was here")
    except OSError:
        pass
print("CONTAINED")
