# Folders in folders, deeper than a path can tell.
# expect: success | error
# artifacts: -
import os

for _ in range(200):
    os.mkdir("hostile-deep" + "x" * 20)
    os.chdir("hostile-deep" + "x" * 20)
print("done")
