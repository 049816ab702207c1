# Pseudoterminals, of which the whole machine has 4,096.
# only: namespaces
# expect: success
# stdout: CONTAINED
import os

made = 0
try:
    while made < 1_000:
        os.openpty()
        made += 1
except OSError:
    pass
children = 0
for _ in range(10):
    if os.fork() == 0:
        mine = 0
        try:
            while True:
                os.openpty()
                mine += 1
        except OSError:
            os._exit(min(mine, 255))
    children += os.waitstatus_to_exitcode(os.wait()[1])
print(f"ESCAPED with {made} and {children}" if made + children > 128 else "CONTAINED")
