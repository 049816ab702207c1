# The table of mounts tells where on the host everything comes from.
# expect: success
# stdout: CONTAINED
for path in ("/proc/self/mountinfo", "/proc/self/mounts", "/proc/mounts", "/proc/1/mountinfo", "/etc/mtab"):
    try:
        print(path, open(path).read())
    except OSError:
        pass
print("CONTAINED")
