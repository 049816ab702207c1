# Finders of its own, for every import that comes after.
# expect: success | error
# stdout: done
import sys


class Finder:
    def find_spec(self, name, path=None, target=None):
        sys.stdout.write(f"asked for {name}\n")
        raise ImportError("no more modules")

    def __call__(self, path):
        raise ImportError("no more paths")


sys.meta_path.insert(0, Finder())
sys.path_hooks.insert(0, Finder())
sys.path_importer_cache.clear()
print("done")
