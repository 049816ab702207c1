# Source that is deeper than a parser can go.
# expect: success | killed
# stdout: done|^$
import ast

for source in ("(" * 100_000, "-" * 100_000 + "1", "a" + ".a" * 100_000, "[" * 5000 + "]" * 5000):
    try:
        ast.parse(source)
        compile(source, "deep", "eval")
    except (SyntaxError, MemoryError, RecursionError):
        pass
print("done")
