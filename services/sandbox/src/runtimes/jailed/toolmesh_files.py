"""The files of a program: what it is given, and what it has made or changed."""

import itertools
import os

import toolmesh_program as user_program
import toolmesh_scratch as scratch
import toolmesh_wire as wire

WORK_DIR = user_program.WORK_DIR
MAX_VISITED = 10_000


SMALL_BYTES = 1 << 20
"""Size up to which a given file is remembered by its content: writing the same once more is no change."""
PIECE_BYTES = 256 * 1024


class Given:
    """The files that come before a program: those of the call, and those that its workspace had."""

    def __init__(self):
        self.known = {}
        self._forget()

    def _forget(self):
        self.name, self.fd, self.content = None, None, None

    def begin(self, header):
        self._close()
        path = os.path.join(WORK_DIR, header["path"])
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK, 0o666)
        except OSError:
            return  # A file of this session is in its way; the program's own error will explain more.
        if header["is_given"]:
            self.name, self.content = header["path"], []

    def add(self, piece):
        if self.fd is None:
            return
        if self.content is not None:
            self.content.append(piece)
        try:
            while piece:
                piece = piece[os.write(self.fd, piece) :]
        except OSError:
            # There is no room: half of a file would be worse than none.
            os.ftruncate(self.fd, 0)
            os.close(self.fd)
            self._forget()

    def _close(self):
        if self.fd is not None and self.name is not None:
            content = b"".join(self.content)
            self.known[self.name] = _identity(os.fstat(self.fd)), content if len(content) <= SMALL_BYTES else None
        if self.fd is not None:
            os.close(self.fd)
        self._forget()

    def take(self):
        """Returns what is known of the files of a call, by name, once all have come."""
        self._close()
        known, self.known = self.known, {}
        return known


def stats():
    """Returns what identifies the present state of each file, by path."""
    found = {}
    for path, entry in (*scratch.walk(WORK_DIR, MAX_VISITED), *scratch.files()):
        try:
            found[path] = _identity(entry.stat(follow_symlinks=False))
        except OSError:
            continue  # It has gone meanwhile.
    return found


def _identity(stat):
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)


def _name_of(path):
    """Returns the name of a result: its path in the working directory, or that below the root."""
    return os.fsencode(os.path.relpath(path, WORK_DIR if _is_in_workspace(path) else "/")).decode("utf-8", "replace")


def _is_in_workspace(path):
    return path.startswith(WORK_DIR + "/")


def send_changed(given, before, limits, keep, named, span=None):
    """Sends the regular files that the program made or changed, within `limits`, as its results; with `keep` also all
    others that are new in its workspace. Results outside of it are known by `named`, a `scratch.Named`. Returns whether some were left out, and the names that are gone."""
    count, size, truncated, present = 0, 0, False, set()
    names = set()
    for path, entry in itertools.chain(scratch.walk(WORK_DIR, MAX_VISITED), scratch.results(named)):
        name = _name_of(path)
        if name in names:
            continue  # The workspace has one of that name, too.
        names.add(name)
        present.add(path)
        try:
            stat = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        known = given.get(name)
        if known is None and before.get(path) == _identity(stat):
            continue
        is_result = known is None or not _is_unchanged(path, stat, known)
        if not is_result and not keep:
            continue
        is_left_out = size + stat.st_size > limits["bytes"] or len(name) > limits["path_chars"]
        if is_left_out or _is_over(span):
            truncated = True
            continue
        if is_result and count == limits["count"]:
            truncated, is_result = True, False
            if not keep:
                continue
        sent = _send(path, name, is_result, limits["bytes"] - size, span)
        size += sent
        count += is_result and (sent > 0 or stat.st_size == 0)
    is_complete = len(present) < MAX_VISITED
    gone = [path for path in before if path not in present and _is_in_workspace(path)] if keep and is_complete else []
    return truncated, [_name_of(path) for path in gone]


def _is_over(span):
    return span is not None and span.left() == 0


def _is_unchanged(path, stat, known):
    identity, content = known
    if _identity(stat) == identity:
        return True
    if content is None or stat.st_size != len(content):
        return False
    fd = _open(path)
    if fd is None:
        return False
    try:
        return os.read(fd, SMALL_BYTES + 1) == content
    finally:
        os.close(fd)


def _open(path):
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None


def _send(path, name, is_result, most, span):
    """Sends one file; returns its size. What is not whole, since it shrinks or time is up, is known by its size."""
    import stat as kinds

    fd = _open(path)
    if fd is None:
        return 0
    try:
        stat = os.fstat(fd)
        if not kinds.S_ISREG(stat.st_mode) or stat.st_size > most:
            return 0
        wire.send(wire.FILE, wire.to_json({"path": name, "size_bytes": stat.st_size, "is_artifact": is_result}))
        left = stat.st_size
        while left > 0 and not _is_over(span):
            piece = os.read(fd, min(left, PIECE_BYTES))
            if not piece:
                break
            wire.send(wire.DATA, piece)
            left -= len(piece)
        return stat.st_size - left
    finally:
        os.close(fd)
