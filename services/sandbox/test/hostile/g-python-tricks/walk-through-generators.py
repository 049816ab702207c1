# And by a generator that asks who wakes it.
# expect: success
# stdout: CONTAINED
def asker():
    yield running.gi_frame.f_back.f_back


running = asker()
frame = [found for found in running][0]
names = []
while frame is not None:
    names.append(frame.f_code.co_filename)
    frame = frame.f_back
print(names)
print("CONTAINED")
