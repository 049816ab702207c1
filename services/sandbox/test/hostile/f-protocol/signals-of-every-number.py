# Each signal in a child of its own, then the last one in itself.
# expect: killed | success | error
import os
import signal

for number in range(1, 65):
    try:
        pid = os.fork()
    except (OSError, AttributeError):
        break
    if pid == 0:
        os.kill(os.getpid(), number)
        os._exit(0)
    os.waitpid(pid, os.WUNTRACED)
signal.raise_signal(signal.SIGTERM)
