# What cannot be written may perhaps be renamed, removed, or made writable first.
# expect: success
# stdout: CONTAINED
import os
import sys

changed = []
for path in ("/usr", "/usr/bin", "/usr/lib", "/lib", "/etc", "/opt", "/opt/sandbox", "/dev/null", "/"):
    for name, attempt in {
        "chmod": lambda path: os.chmod(path, 0o777),
        "rename": lambda path: os.rename(path, "/tmp/hostile-taken"),
        "remove": lambda path: os.rmdir(path),
        "symlink": lambda path: os.symlink("/tmp", os.path.join(path, "hostile-link")),
        "utime": lambda path: os.utime(path, (0, 0)),
    }.items():
        try:
            attempt(path)
            changed.append((name, path))
        except OSError:
            pass
print(f"ESCAPED: {changed}" if changed and sys.platform != "emscripten" else "CONTAINED")
