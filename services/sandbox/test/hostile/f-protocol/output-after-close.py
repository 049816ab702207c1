# Prints into what it has closed.
# expect: success | error | killed
import os
import sys

os.close(1)
os.close(2)
print("nobody hears")
sys.stderr.write("this either")
