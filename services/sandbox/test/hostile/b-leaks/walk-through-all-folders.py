# Everything that can be listed, and the beginning of every small file that might be a secret or ours.
# expect: success | timeout
# timeout_ms: 4000
import os

skipped = ("/proc", "/sys", "/dev", "/usr", "/lib")
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in skipped]
    for name in files:
        path = os.path.join(folder, name)
        if not any(word in name.lower() for word in ("canary", "secret", ".env", "key", "token", "package.json", "main.ts")):
            continue
        try:
            print(path, open(path, errors="replace").read(500))
        except OSError:
            pass
        if name in ("package.json", "main.ts"):
            print("ESCAPED to the service's own code:", path)
print("CONTAINED")
