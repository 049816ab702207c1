# Code that runs when everything else is gone.
# expect: success
# stdout: done
import weakref


class Thing:
    pass


thing = Thing()
weakref.finalize(thing, print, "late")
reference = weakref.ref(thing, lambda _: print("gone"))
print("done")
