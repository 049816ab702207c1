# A loader runs what may not be run.
# only: namespaces
# expect: success
# stdout: CONTAINED
import glob
import subprocess

gained = []
for loader in glob.glob("/lib*/ld-linux*") + glob.glob("/lib/*/ld-linux*"):
    for program in ("/usr/bin/su", "/usr/bin/mount", "/usr/bin/sudo", "/usr/bin/newuidmap", "/usr/bin/bwrap"):
        try:
            done = subprocess.run([loader, program, "--version"], capture_output=True, timeout=2)
        except (OSError, subprocess.SubprocessError):
            continue
        if done.returncode == 0:
            gained.append(program)
print(f"ESCAPED: {gained} are there" if gained else "CONTAINED")
