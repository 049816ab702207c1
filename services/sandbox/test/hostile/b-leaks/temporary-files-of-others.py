# What other programs, and the service, keep in the folders that everybody shares.
# expect: success
# stdout: CONTAINED
import glob
import os

for path in glob.glob("/tmp/*") + glob.glob("/var/tmp/*") + glob.glob("/dev/shm/*") + glob.glob("/run/*") + glob.glob("../*"):
    print(path)
    if os.path.isfile(path) and os.path.getsize(path) < 10_000:
        try:
            print(open(path, errors="replace").read())
        except OSError:
            pass
print("CONTAINED")
