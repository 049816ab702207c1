# The environment of the service holds its keys.
# expect: success
# stdout: HOME
import os

for name, value in os.environ.items():
    print(name, value)
print(os.environb if hasattr(os, "environb") else "")
