# For Python, these letters are those.
# expect: success
# stdout: CONTAINED
import os

try:
    ｏｓ.ｓｙｓｔｅｍ("cat /etc/shadow > hostile-shadow 2> /dev/null")
except OSError:
    pass
print("ESCAPED" if os.path.exists("hostile-shadow") and os.path.getsize("hostile-shadow") else "CONTAINED")
