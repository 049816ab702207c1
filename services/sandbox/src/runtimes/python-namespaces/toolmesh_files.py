"""The files of a program: what it is given, and what it has made or changed."""

import os

import toolmesh_program as user_program

WORK_DIR = user_program.WORK_DIR
MAX_VISITED = 10_000


def write(files):
    """Writes the files of a program; returns their contents by path."""
    given = {}
    for file in files:
        import binascii

        data = binascii.a2b_base64(file["data"])
        path = os.path.join(WORK_DIR, file["path"])
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as stream:
                stream.write(data)
        except OSError:
            continue  # A file of this session is in its way; the program's own error will explain more.
        given[file["path"]] = data
    return given


def stats():
    """Returns what identifies the present state of each file, by path."""
    return {path: _identity(entry.stat(follow_symlinks=False)) for path, entry in _files_below(WORK_DIR)}


def _identity(stat):
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)


def _files_below(root):
    """(path, entry) of every regular file, in order; links are not followed, a huge tree is not walked to its end."""
    directories, visited = [root], 0
    while directories and visited < MAX_VISITED:
        try:
            with os.scandir(directories.pop(0)) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in found:
            visited += 1
            if entry.is_dir(follow_symlinks=False):
                directories.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield entry.path, entry


def collect(given, before, limits):
    """Returns the regular files that the program made or changed, within `limits`, and whether there were more."""
    max_count, max_bytes, max_path = limits["count"], limits["bytes"], limits["path_chars"]
    artifacts, size, truncated = [], 0, False
    for path, entry in _files_below(WORK_DIR):
        import binascii

        name = os.fsencode(os.path.relpath(path, WORK_DIR)).decode("utf-8", "replace")
        stat = entry.stat(follow_symlinks=False)
        if before.get(path) == _identity(stat) and name not in given:
            continue
        if len(artifacts) == max_count or size + stat.st_size > max_bytes or len(name) > max_path:
            truncated = True
            continue
        data = _read(path, max_bytes + 1)
        if data is None or given.get(name) == data:
            continue
        if size + len(data) > max_bytes:
            truncated = True
            continue
        size += len(data)
        artifacts.append({"path": name, "data": binascii.b2a_base64(data, newline=False).decode()})
    return artifacts, truncated


def _read(path, count):
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as stream:
        return stream.read(count)
