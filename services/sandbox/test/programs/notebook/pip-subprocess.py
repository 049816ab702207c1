# from: openinterpreter#1226 (python -m pip in a subprocess)
# only: namespaces
# stdout: ^Not installed: notapackage1234\. .*\n1\n$

import subprocess
import sys
print(subprocess.run([sys.executable, "-m", "pip", "install", "notapackage1234"]).returncode)
