# expect: timeout
# timeout_ms: 600
import atexit


@atexit.register
def forever():
    while True:
        pass
