# Children that leave their session and their parent, ignore every polite signal and want to stay.
# expect: success
# stdout: done
import os
import signal
import time


def become_daemon():
    os.setsid()
    if os.fork() > 0:
        os._exit(0)
    for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    time.sleep(60)
    os._exit(0)


try:
    for _ in range(4):
        if os.fork() == 0:
            become_daemon()
except (OSError, AttributeError):
    pass
print("done")
