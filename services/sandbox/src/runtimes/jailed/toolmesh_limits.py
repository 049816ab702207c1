"""Limits of each process of a worker, hard ones: the service watches what all of them use together."""

import resource

MAX_DESCRIPTOR = 256
LIMITS = (
    # Processes and threads together, the supervisor included.
    (resource.RLIMIT_NPROC, 144),
    (resource.RLIMIT_NOFILE, MAX_DESCRIPTOR),
    (resource.RLIMIT_FSIZE, 64 << 20),
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_MEMLOCK, 0),
    # What the kernel keeps for signals and messages that wait is counted for each user of the machine.
    (resource.RLIMIT_SIGPENDING, 256),
    (resource.RLIMIT_MSGQUEUE, 0),
)


def apply():
    for what, limit in LIMITS:
        limit_one(what, limit)


def limit_one(what, limit):
    resource.setrlimit(what, (limit, limit))
