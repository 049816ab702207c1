# Backtracking without end.
# expect: timeout
# timeout_ms: 600
import re

re.match(r"(a+)+$", "a" * 60 + "b")
