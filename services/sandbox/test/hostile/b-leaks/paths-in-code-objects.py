# Every function that can be found tells from which file it was compiled.
# expect: success
# stdout: CONTAINED
import gc
import types

files = {thing.__code__.co_filename for thing in gc.get_objects() if isinstance(thing, types.FunctionType)}
print(sorted(files))
print("CONTAINED")
