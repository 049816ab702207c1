# More of the processor than others.
# only: namespaces
# expect: success
# stdout: CONTAINED
import os

gained = []
for name, attempt in {
    "nice": lambda: os.nice(-5),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -10),
    "fifo": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
    "round robin": lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)),
}.items():
    try:
        attempt()
        gained.append(name)
    except (OSError, AttributeError):
        pass
print(f"ESCAPED by {gained}" if gained and os.uname().sysname != "Emscripten" else "CONTAINED")
