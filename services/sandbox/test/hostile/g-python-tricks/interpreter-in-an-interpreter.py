# A new interpreter, which knows of no rule.
# expect: success | killed | error
# stdout: CONTAINED|^$
import sys

try:
    import _interpreters

    made = _interpreters.create()
    _interpreters.run_string(made, "import os\nos.system('cat /etc/shadow > hostile-shadow')")
except (ImportError, AttributeError, RuntimeError):
    pass
sys.stdout.write("CONTAINED")
