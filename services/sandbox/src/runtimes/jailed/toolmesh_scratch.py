"""Files outside of the working directory that a program means as its results: in `/tmp`, where models like to save.

A file there is a result when the program has printed its path, or when it is of a type that people want to have, unless
its name is one that nobody chose, as those of `tempfile` are.
"""

import os

ROOT = "/tmp"
RESULTS = frozenset(
    ".csv .tsv .xlsx .xls .ods .docx .odt .pptx .pdf .png .jpg .jpeg .gif .webp .svg .bmp .tiff .html .htm .md .ipynb .zip .parquet .feather "
    ".mp4 .webm .mp3 .wav .geojson .tex .epub .stl .glb".split()
)
SCRATCH_FOLDERS = ("matplotlib", "fontconfig", "numba", "joblib", "torch", "pip-", "node-", "jupyter", "ipykernel", "plotly", "__pycache__")
MAX_VISITED = 2_000
MAX_NAMED = 200
MAX_PATH = 256

PREFIX = ROOT.encode() + b"/"


class Named:
    """The paths below ROOT that stand in what a program prints."""

    def __init__(self):
        self._found = []

    def forget(self):
        self._found.clear()

    def look(self, data):
        """Looks at a piece of output, bytes. Cheap where there is none."""
        at = data.find(PREFIX)
        while at >= 0 and len(self._found) < MAX_NAMED:
            self._found.append(bytes(data[at : at + MAX_PATH]))
            at = data.find(PREFIX, at + 1)

    def has(self, path):
        """Returns true when a path has been printed, and not only the beginning of a longer one."""
        raw = os.fsencode(path)
        return any(text.startswith(raw) and not text[len(raw) : len(raw) + 1].isalnum() for text in self._found)


def results(named):
    """(path, entry) of each file that is a result, in order."""
    return ((path, entry) for path, entry in files() if named.has(path) or _is_wanted(path))


def files():
    """(path, entry) of each regular file; folders that libraries keep are left out."""
    return walk(ROOT, MAX_VISITED, lambda name: not name.startswith((".", *SCRATCH_FOLDERS)))


def walk(root, most, enters=lambda name: True):
    """(path, entry) of every regular file below a folder, in order; links are not followed, no more than about `most`
    entries are visited, and only folders are entered whose names `enters` likes."""
    folders, visited = [root], 0
    while folders and visited < most:
        try:
            with os.scandir(folders.pop(0)) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in found:
            visited += 1
            if entry.is_dir(follow_symlinks=False):
                if enters(entry.name):
                    folders.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield entry.path, entry


def _is_wanted(path):
    if os.path.splitext(path)[1].lower() not in RESULTS:
        return False
    return not any(_is_nobodys(part) for part in path.split("/")[2:])


def _is_nobodys(name):
    """Returns true for a name as `tempfile` makes them: `tmp` and eight characters."""
    stem = name.partition(".")[0]
    return name.startswith((".", "~$")) or (stem.startswith("tmp") and len(stem) == 11)
