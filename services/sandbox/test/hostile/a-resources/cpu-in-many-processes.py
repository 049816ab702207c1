# Burns on every core at once.
# expect: timeout
# timeout_ms: 800
# alone: yes
import os

try:
    for _ in range(8):
        if os.fork() == 0:
            break
except (OSError, AttributeError):
    pass
while True:
    pass
