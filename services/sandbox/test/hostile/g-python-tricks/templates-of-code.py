# Expressions that are evaluated by libraries rather than by the program.
# expect: success
# stdout: CONTAINED
import collections
import os
import timeit

timeit.timeit("__import__('os').system('cat /etc/shadow > hostile-shadow 2> /dev/null') if hasattr(__import__('os'), 'system') else 0", number=1) if os.uname().sysname != "Emscripten" else None
collections.namedtuple("Point", "x y")
print("ESCAPED" if os.path.exists("hostile-shadow") and os.path.getsize("hostile-shadow") else "CONTAINED")
