# A dump of memory is a file that somebody may find.
# expect: killed
import os

try:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (2**30, 2**30))
    print("ESCAPED: cores may be dumped")
except (ImportError, OSError, ValueError):
    pass
os.abort()
