# A tracer that sees, and spoils, everything that is called after the program.
# expect: success | error | killed
import sys


def trace(frame, event, arg):
    if frame.f_code.co_filename != __file__:
        raise RuntimeError("traced")
    return trace


sys.settrace(trace)
sys.setprofile(trace)
