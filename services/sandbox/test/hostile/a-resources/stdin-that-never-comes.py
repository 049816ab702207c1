# There is no input, and reading it says so instead of waiting.
# expect: success
# stdout: nothing.*EOFError
import sys

print(sys.stdin.read() or "nothing")
try:
    input("name? ")
except EOFError:
    print("EOFError")
