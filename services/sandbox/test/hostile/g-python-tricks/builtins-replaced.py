# The functions that everything uses.
# expect: success | error | killed
import builtins
import os


def refuse(*_, **__):
    raise RuntimeError("no")


os.write(1, b"done")
for name in ("print", "open", "len", "repr", "str", "isinstance", "getattr", "__import__", "compile", "exec", "eval", "sorted"):
    setattr(builtins, name, refuse)
