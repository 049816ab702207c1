# The process that watches the program keeps its limits, its processors and its turn.
# only: namespaces
# expect: success
# stdout: CONTAINED
import os
import resource

changed = []


def attempt(name, call):
    try:
        call()
        changed.append(name)
    except OSError:
        pass


attempt("prlimit", lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0)))
attempt("read by prlimit", lambda: resource.prlimit(1, resource.RLIMIT_NOFILE))
attempt("affinity", lambda: os.sched_setaffinity(1, {0}))
attempt("scheduler", lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)))
attempt("parameters", lambda: os.sched_setparam(1, os.sched_param(0)))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))
attempt("priority of the group", lambda: os.setpriority(os.PRIO_PGRP, 1, 19))
attempt("priority of the user", lambda: os.setpriority(os.PRIO_USER, 0, 19))
attempt("priority of the user by number", lambda: os.setpriority(os.PRIO_USER, os.getuid(), 19))
# Its own it may change.
os.sched_setaffinity(0, os.sched_getaffinity(0))
os.sched_setaffinity(os.getpid(), os.sched_getaffinity(0))
resource.prlimit(os.getpid(), resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 256))
os.setpriority(os.PRIO_PROCESS, 0, 19)
print(f"ESCAPED: changed {changed}" if changed else "CONTAINED")
