# Each stream where the other was.
# expect: success
# stdout: to two
import os

kept = os.dup(1)
os.dup2(2, 1)
os.dup2(kept, 2)
os.write(1, b"to one")
os.write(2, b"to two")
