# An interpreter does not end before its threads.
# expect namespaces: timeout
# expect wasm: success
# timeout_ms: 700
import threading
import time


def forever():
    while True:
        time.sleep(1)


try:
    threading.Thread(target=forever).start()
except RuntimeError:
    print("CONTAINED")
