# expect: success | killed
# stdout: RecursionError|^$
import json

try:
    json.loads("[" * 200_000)
except RecursionError:
    print("RecursionError")
