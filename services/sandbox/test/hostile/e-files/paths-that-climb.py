# Out of the working directory by its own name.
# expect: success
# stdout: CONTAINED
import os

found = []
for start in (".", "/tmp", "/proc/self/cwd", "/proc/self/root", "/proc/self/fd/0", "/dev/fd/0", "/dev/stdin"):
    for target in ("etc/shadow", "root/.bashrc", "home", "var/log", "srv", "boot"):
        path = f"{start}/{'../' * 12}{target}"
        try:
            found.append((path, os.listdir(path) if os.path.isdir(path) else open(path).read(50)))
        except OSError:
            pass
# The jail has names of its own for the working directory there, and Emscripten a home.
def is_ours(path, content):
    return path.endswith("home") and (os.uname().sysname == "Emscripten" or set(content) <= {"sandbox", "user"})


found = [(path, content) for path, content in found if content and not is_ours(path, content)]
print(f"ESCAPED to {found}" if found else "CONTAINED")
