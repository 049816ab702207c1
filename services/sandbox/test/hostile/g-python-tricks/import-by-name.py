# The oldest trick.
# expect: success
# stdout: CONTAINED
import glob

try:
    status = __import__("os").system("id > /tmp/hostile-id; cat /etc/shadow > /tmp/hostile-shadow 2> /dev/null")
except OSError:
    status = -1
print("ESCAPED" if any("root:" in open(path).read() for path in glob.glob("/tmp/hostile-shadow")) else "CONTAINED")
