# An expression that is enormous once it is written out.
# expect: error | timeout | out_of_memory | success
# memory_mb: 128
# timeout_ms: 1500
import re

pattern = "a"
for _ in range(9):
    pattern = f"(?:{pattern}){{20}}"
re.compile(pattern)
re.match(pattern, "a" * 100)
