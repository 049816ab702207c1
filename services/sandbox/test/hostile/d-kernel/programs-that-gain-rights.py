# A program with the setuid bit runs as its owner: none may lie where that bit is heeded.
# expect: success
# stdout: CONTAINED
import os
import stat
import sys

dangerous = []
for folder, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/sys")]
    for name in files:
        path = os.path.join(folder, name)
        try:
            mode = os.lstat(path).st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                if sys.platform == "emscripten" or not os.statvfs(path).f_flag & os.ST_NOSUID:
                    dangerous.append(path)
        except OSError:
            pass
print(f"ESCAPED by {dangerous[:5]}" if dangerous else "CONTAINED")
