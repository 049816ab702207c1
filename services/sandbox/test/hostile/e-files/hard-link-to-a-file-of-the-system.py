# A second name for a file that is not the program's.
# expect: success
# artifacts: -
import os

for number, target in enumerate(("/etc/passwd", "/etc/shadow", "/usr/bin/env", os.__file__)):
    try:
        os.link(target, f"hostile-name-{number}")
        print("ESCAPED with", target)
    except (OSError, AttributeError):
        pass
