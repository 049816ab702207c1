# Leaves behind what is never collected, and marks for who comes next.
# expect: success
# stdout: True
# runs: 2
import gc
import sys

print(gc.isenabled())
gc.disable()
gc.set_threshold(0)
gc.freeze()
sys.setswitchinterval(1000)
