# expect: success | killed
# stdout: RecursionError|done|^$
import pickle

nested = None
for _ in range(50_000):
    nested = (nested,)
try:
    pickle.dumps(nested)
    print("done")
except RecursionError:
    print("RecursionError")
