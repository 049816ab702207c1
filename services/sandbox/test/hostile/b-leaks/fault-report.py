# A report of the crash, written by the interpreter while it dies.
# expect: killed | success
import ctypes
import faulthandler

with open("hostile-report", "w") as report:
    try:
        faulthandler.enable(report)
    except (RuntimeError, OSError):
        pass
    ctypes.memset(0, 1, 1)
