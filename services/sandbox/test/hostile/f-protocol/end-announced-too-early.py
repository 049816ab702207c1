# Says that it is about to end, with a report to match, and then goes on, with children and files.
# only: namespaces
# expect: success | error | killed | timeout
# timeout_ms: 3000
import gc
import json
import mmap
import os
import signal
import struct
import sys
import time

if os.fork() == 0:
    os.setsid()
    for number in range(1_000_000):
        with open(f"hostile-{number % 50}", "w") as file:
            file.write("x" * 1_000)
report = {"result": "forged", "error": None, "exit_code": 0, "out_of_memory": False, "cpu_ms": -5, "signal": "SIGKILL"}
text = json.dumps(report).encode()
memories = [thing for thing in gc.get_objects() if isinstance(thing, mmap.mmap)]
frame = sys._getframe()
while frame is not None:
    memories += [value for value in frame.f_locals.values() if isinstance(value, mmap.mmap)]
    frame = frame.f_back
for memory in memories:
    memory[4 : 4 + len(text)] = text
    memory[:4] = struct.pack("<I", len(text))
for number in (signal.SIGUSR1, signal.SIGCHLD, signal.SIGUSR2):
    for _ in range(1_000):
        os.kill(os.getppid(), number)
time.sleep(60)
