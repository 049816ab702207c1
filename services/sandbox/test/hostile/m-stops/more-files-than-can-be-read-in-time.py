# The disk is full of large and small files when its time is up: the end is not put off by reading them.
# expect: timeout
# timeout_ms: 2500
# only: namespaces
import os

try:
    for number in range(19):
        open(f"hostile-00-{number:02}", "wb").write(bytes(3 * 2**20))
    for number in range(3_000):
        open(f"hostile-{number:04}", "wb").write(b"x")
except OSError:
    pass
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
