# The same, from a program that does not end by itself.
# expect: timeout
# timeout_ms: 700
import os
import signal
import time

try:
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            while True:
                time.sleep(1)
except (OSError, AttributeError):
    pass
while True:
    time.sleep(1)
