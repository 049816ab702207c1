# Input that is more than a line, without its last line break.
# expect: success
# stdout: 3 \['héllo', '', 'last'\]
# stdin: héllo
import sys

text = sys.stdin.read().rstrip("\n")
lines = (text + "\n\nlast").split("\n")
print(len(lines), lines)
