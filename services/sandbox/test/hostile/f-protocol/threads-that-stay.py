# A daemon prints for as long as anybody listens.
# expect: success
# stdout: done
import threading
import time


def chatter():
    while True:
        print("still here")
        time.sleep(0.01)


try:
    threading.Thread(target=chatter, daemon=True).start()
except RuntimeError:
    pass
print("done")
