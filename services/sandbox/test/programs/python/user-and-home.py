# from: ordinary code
# only: namespaces
# stdout: ^sandbox /work sandbox /work True\n$

import getpass
import os
import pathlib
import pwd

entry = pwd.getpwuid(os.getuid())
print(entry.pw_name, entry.pw_dir, getpass.getuser(), os.path.expanduser("~"), pathlib.Path("~sandbox").expanduser() == pathlib.Path.home())
