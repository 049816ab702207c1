# Every process makes new ones for as long as it may.
# expect: timeout | killed
# timeout_ms: 1000
# alone: yes
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
