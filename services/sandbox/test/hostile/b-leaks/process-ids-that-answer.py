# Without /proc, a signal of number 0 tells which processes are there.
# only: namespaces
# expect: success
# stdout: CONTAINED
import os

there = []
if not hasattr(os, "getppid") or os.uname().sysname == "Emscripten":
    print("CONTAINED")
else:
    for pid in range(1, 40_000):
        try:
            os.kill(pid, 0)
            there.append(pid)
        except ProcessLookupError:
            pass
        except PermissionError:
            there.append(-pid)
    print(f"ESCAPED to {len(there)} processes" if len(there) > 8 or max(there) > 1000 else "CONTAINED")
