# Two runs at the same time look for one another.
# only: namespaces
# expect: success
# stdout: CONTAINED
# runs: 2
# together: yes
import glob
import time

try:
    with open("/proc/self/comm", "w") as comm:
        comm.write("hostile-meet")
except OSError:
    pass
time.sleep(0.4)
meeting = 0
for path in glob.glob("/proc/[0-9]*/comm"):
    try:
        meeting += open(path).read().strip() == "hostile-meet"
    except OSError:
        pass
print("ESCAPED: another run can be seen" if meeting > 1 else "CONTAINED")
