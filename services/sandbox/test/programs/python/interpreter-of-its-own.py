# from: ordinary code
# only: namespaces
# needs: numpy
# stdout: ^6\n-B -X utf8\n$
# stderr: ^$

import subprocess
import sys

print(subprocess.run([sys.executable, "-c", "import numpy; print(numpy.arange(4).sum())"], capture_output=True, text=True, check=True).stdout, end="")
print(*subprocess._args_from_interpreter_flags())
