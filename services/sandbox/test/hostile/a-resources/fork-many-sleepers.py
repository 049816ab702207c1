# Four hundred children that sleep: a jail has room for fewer.
# expect: success
# stdout: CONTAINED
# alone: yes
import os
import time

children = 0
try:
    for _ in range(400):
        if os.fork() == 0:
            time.sleep(3)
            os._exit(0)
        children += 1
except (OSError, AttributeError):
    pass
print("ESCAPED with 400 processes" if children == 400 else "CONTAINED")
