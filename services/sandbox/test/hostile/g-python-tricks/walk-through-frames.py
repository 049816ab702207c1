# Up the stack, to whoever called: the sandbox's own runner, with all that it holds.
# expect: success
# stdout: CONTAINED
import sys

frame = sys._getframe()
while frame is not None:
    for name, value in {**frame.f_globals, **frame.f_locals}.items():
        if isinstance(value, (str, bytes, int, list, dict, tuple)):
            print(frame.f_code.co_name, name, repr(value)[:300])
    frame = frame.f_back
print("CONTAINED")
