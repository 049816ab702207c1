# A link where a result should be: whoever collects it must not follow.
# expect: success
# artifacts: -
import os

for number, target in enumerate(("/etc/passwd", "/etc/shadow", "/proc/self/environ", "/proc/1/environ", "/", "..", "/tmp")):
    os.symlink(target, f"hostile-link-{number}")
