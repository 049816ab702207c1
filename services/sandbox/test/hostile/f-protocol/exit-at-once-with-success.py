# Leaves without any of what an end has.
# expect: success
# stdout: before
import os
import sys

print("before")
sys.stdout.flush()
os._exit(0)
