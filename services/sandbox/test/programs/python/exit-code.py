# from: command-line scripts
# status: error
# stdout: ^bye\n$

import sys
print("bye")
sys.exit(3)
