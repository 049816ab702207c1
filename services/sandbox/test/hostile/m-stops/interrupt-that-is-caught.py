# Whatever interrupts it is caught, again and again.
# expect: timeout
# timeout_ms: 700
# artifacts namespaces: hostile-before
import signal

open("hostile-before", "w").write("kept")


def stay(*_):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
    try:
        signal.signal(number, stay)
    except (OSError, ValueError):
        pass
stay()
