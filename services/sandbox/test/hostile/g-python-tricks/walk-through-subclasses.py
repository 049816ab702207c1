# From an empty tuple to every class there is, and to one that starts processes.
# expect: success
# stdout: CONTAINED
import subprocess

classes = ().__class__.__base__.__subclasses__()
names = {found.__name__: found for found in classes}
try:
    done = names["Popen"](["cat", "/etc/shadow"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    print("ESCAPED" if done.communicate()[0] else "CONTAINED")
except (OSError, KeyError):
    print("CONTAINED")
