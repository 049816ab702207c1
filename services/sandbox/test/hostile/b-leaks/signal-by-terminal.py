# Terminals have numbers, and those of one jail are nobody's business in another.
# only: namespaces
# expect: success
# stdout: CONTAINED
# runs: 3
# together: yes
import os
import time

own = []
try:
    for _ in range(4):
        ours, theirs = os.openpty()
        own += [(ours, theirs)]
    print("has terminals")
except OSError as error:
    print(f"has no terminal: {error.strerror}")
time.sleep(1)
there = [name for name in os.listdir("/dev/pts") if name.isdigit()] if os.path.isdir("/dev/pts") else []
print(f"ESCAPED: sees {len(there)} terminals, of which {len(own)} are its own" if len(there) > len(own) else "CONTAINED")
