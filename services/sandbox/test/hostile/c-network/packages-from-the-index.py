# Installing is the service's business, with its checks; a program has no index to install from.
# expect: success
# stdout: CONTAINED
# timeout_ms: 6000
import subprocess
import sys

try:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--target", "/tmp/hostile-packages", "--retries", "0", "--timeout", "1", "idna"],
        capture_output=True, timeout=4,
    )
    print("ESCAPED: pip installs" if done.returncode == 0 else "CONTAINED")
except (OSError, subprocess.SubprocessError, TypeError):
    print("CONTAINED")
