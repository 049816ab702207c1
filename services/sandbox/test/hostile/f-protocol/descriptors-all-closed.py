# Closes everything, also what the sandbox talks over.
# expect: success | error | killed
import os

os.closerange(0, 4096)
