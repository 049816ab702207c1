# The same by an error.
# expect: success
# stdout: CONTAINED
try:
    1 / 0
except ZeroDivisionError as error:
    frame = error.__traceback__.tb_frame
    while frame.f_back is not None:
        frame = frame.f_back
    frame.f_globals["mark"] = "left in the outermost frame"
    print(sorted(frame.f_globals)[:20])
print("CONTAINED")
