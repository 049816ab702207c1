# Leaves from beside.
# expect: success | error
import os
import threading

try:
    threading.Thread(target=os._exit, args=(3,)).start()
    threading.Event().wait(2)
except RuntimeError:
    print("CONTAINED")
