# What a child starts anew is under the same filter.
# only: namespaces
# expect: success
# stdout: CONTAINED
import subprocess
import sys

program = (
    "import ctypes; libc = ctypes.CDLL(None, use_errno=True); "
    "print(libc.unshare(0x10000000), libc.ptrace(0, 0, 0, 0), libc.socket(2, 1, 0))"
)
try:
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, timeout=5)
    print("CONTAINED" if done.stdout.split() == ["-1", "-1", "-1"] else f"ESCAPED: {done.stdout} {done.stderr}")
except (OSError, ValueError, TypeError):
    print("CONTAINED")
