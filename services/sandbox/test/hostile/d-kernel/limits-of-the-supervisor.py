# One user may set the limits of all of its processes: those of the one that watches, too. That is its own misfortune.
# only: namespaces
# expect: success | killed | timeout
# timeout_ms: 2000
import os
import resource

for what in (resource.RLIMIT_NOFILE, resource.RLIMIT_DATA, resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):
    for pid in (1, os.getppid()):
        try:
            resource.prlimit(pid, what, (0, 0))
        except (OSError, ValueError):
            pass
print("still here")
