# A file in every folder there is.
# expect: success
# stdout: CONTAINED
import os
import sys

own = ("/tmp", "/work", "/dev/shm")
written = []
for folder, folders, _files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in own]
    path = os.path.join(folder, "hostile-mark")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        os.unlink(path)
        written.append(folder)
    except OSError:
        pass
print(f"ESCAPED: can write in {written[:5]}" if written and sys.platform != "emscripten" else "CONTAINED")
