# A hook that is asked before everything and says no to it.
# expect: success | error | killed
import sys


def refuse(event, _arguments):
    if event in ("compile", "exec", "open", "os.listdir", "os.scandir", "import"):
        raise RuntimeError("audited")


sys.addaudithook(refuse)
