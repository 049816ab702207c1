# The wait that the runner lends: with nonsense, and for longer than there is time.
# expect: timeout
# timeout_ms: 700
# only: wasm
import time

for seconds in (float("nan"), 0, 1e-300):
    time.sleep(seconds)
time.sleep(1e300)
