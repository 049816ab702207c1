# Interpreters that start interpreters.
# expect: success | timeout
# timeout_ms: 2000
# alone: yes
import subprocess
import sys

program = "import subprocess, sys\nwhile True: subprocess.Popen([sys.executable, '-c', sys.argv[1], sys.argv[1]])"
started = []
try:
    for _ in range(200):
        started.append(subprocess.Popen([sys.executable, "-c", program, program], stderr=subprocess.DEVNULL))
except (OSError, ValueError):
    print("CONTAINED")
else:
    print("ESCAPED with 200 interpreters")
