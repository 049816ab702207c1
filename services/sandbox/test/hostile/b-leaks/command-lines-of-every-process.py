# Command lines tell who else is there, and how they were started.
# expect: success
import glob

for path in glob.glob("/proc/[0-9]*/cmdline"):
    try:
        words = open(path, "rb").read().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        continue
    print(path, words)
    if "main.ts" in words or "--seccomp" in words or "--ro-bind" in words:
        print("ESCAPED to the processes of the service")
print("CONTAINED")
