# Empty files are memory of the kernel that no process is charged for: there is an end to them.
# only: namespaces
# expect: success
# stdout: CONTAINED
# timeout_ms: 20000
# alone: yes
import os

made = 0
for folder in ("/work", "/tmp", "/dev/shm"):
    try:
        for number in range(400_000):
            os.symlink("x", f"{folder}/hostile-{number}")
            made += 1
    except OSError:
        pass
print("CONTAINED" if made < 200_000 else f"ESCAPED with {made} names")
