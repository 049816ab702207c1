# from: programs with temporary files
# artifacts: -

import os
import tempfile
handle, name = tempfile.mkstemp(suffix=".csv")
os.write(handle, b"a")
with tempfile.NamedTemporaryFile("w", suffix=".png", delete=False) as file:
    file.write("x")
folder = tempfile.mkdtemp()
open(os.path.join(folder, "part.csv"), "w").write("x")
open("/tmp/state.json", "w").write("{}")
