# The same one folder higher.
# expect: success
# artifacts: -
import os

os.symlink("/etc", "hostile-folder")
os.symlink("/usr/lib", "hostile-library")
