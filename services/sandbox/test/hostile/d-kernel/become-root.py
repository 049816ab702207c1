# More rights than it was started with.
# expect: success
# stdout: CONTAINED
import os

gained = []
for name, attempt in {
    "setuid": lambda: os.setuid(0),
    "setreuid": lambda: os.setreuid(0, 0),
    "setresuid": lambda: os.setresuid(0, 0, 0),
    "setgid": lambda: os.setgid(0),
    "setgroups": lambda: os.setgroups([0]),
    "chown": lambda: os.chown("/tmp", 0, 0),
}.items():
    try:
        attempt()
        gained.append(name)
    except (OSError, AttributeError):
        pass
# In WebAssembly there are no users: the calls are there and do nothing.
print(f"ESCAPED by {gained}" if gained and os.uname().sysname != "Emscripten" else "CONTAINED")
