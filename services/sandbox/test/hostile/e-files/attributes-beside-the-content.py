# Extended attributes are a place to hide things, and to mark files as special.
# expect: success
# stdout: CONTAINED
import os

with open("hostile-file", "w") as file:
    file.write("x")
gained = []
for name in ("trusted.hostile", "security.capability", "security.selinux", "system.posix_acl_access"):
    try:
        os.setxattr("hostile-file", name, b"\x01\x00\x00\x02" + bytes(16))
        gained.append(name)
    except (OSError, AttributeError):
        pass
print(f"ESCAPED by {gained}" if gained else "CONTAINED")
