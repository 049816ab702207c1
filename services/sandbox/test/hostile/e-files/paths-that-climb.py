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
found = [(path, content) for path, content in found if content and not (path.endswith("home") and os.uname().sysname == "Emscripten")]
print(f"ESCAPED to {found}" if found else "CONTAINED")
