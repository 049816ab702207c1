# from: scripts that save at home
# artifacts: home.txt text/plain 1
# result: ^True$

import os
from pathlib import Path
(Path.home() / "home.txt").write_text("x")
os.path.expanduser("~") == os.getcwd()
