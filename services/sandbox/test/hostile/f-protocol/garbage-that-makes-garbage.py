# Each object, when it dies, makes the next.
# expect: success | timeout
# timeout_ms: 1500
class Phoenix:
    def __del__(self):
        Phoenix()


Phoenix()
