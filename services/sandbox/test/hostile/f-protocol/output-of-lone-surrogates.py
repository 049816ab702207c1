# Halves of characters.
# expect: success
# stdout: end
import sys

print("\ud800", "\udfff" * 10)
print("\ud800", file=sys.stderr)
print("end")
"\udc00"
