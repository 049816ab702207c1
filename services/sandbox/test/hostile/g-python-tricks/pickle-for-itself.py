# Unpickled here, it is one more way to run what may be run here anyway.
# expect: success
# stdout: CONTAINED
import pickle

try:
    pickle.loads(b"cos\nsystem\n(S'cat /etc/shadow > hostile-shadow 2> /dev/null'\ntR.")
except (OSError, pickle.PickleError):
    pass
try:
    print("ESCAPED" if open("hostile-shadow").read() else "CONTAINED")
except OSError:
    print("CONTAINED")
