# expect: timeout
# timeout_ms: 600
class Slow:
    def __repr__(self):
        while True:
            pass


Slow()
