# expect: timeout
# timeout_ms: 500
import threading
import time

lock = threading.Lock()
lock.acquire()
# Where there are no threads, a lock that can never be had is refused at once.
try:
    lock.acquire()
finally:
    time.sleep(60)
