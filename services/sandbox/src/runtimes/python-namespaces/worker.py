"""The inside of a jailed worker: warms an interpreter up, runs one program in a child of its own, tells the service.

Two processes share the jail. This one, the supervisor, holds the conversation with the service (descriptor 3,
`workers/frames.ts`); the program runs in a fork of it that has only its standard streams. The end of that child, by
whatever signal, is thus something to report rather than the end of the conversation.
"""

import os
import select
import signal
import struct
import sys
import time

sys.path += ["/opt/sandbox", "/opt/python-shared"]

import json
import mmap
import resource

import toolmesh_plots as plots
import toolmesh_program as user_program

CHANNEL = 3
READY, PROGRAM, STDOUT, STDERR, FLUSH, FLUSHED, REPORT = range(7)
"""Kinds of frames; their order is the service's (`workers/frames.ts`)."""

WORK_DIR = user_program.WORK_DIR
MIB = 1 << 20
REPORT_BYTES = 4 * MIB
MAX_ARTIFACTS, MAX_ARTIFACT_BYTES = 20, 8 * MIB
MAX_VISITED, MAX_PATH = 10_000, 1_024
PROCESSES = 64
"""Processes and threads together, ours included."""
OPEN_FILES = 256
FILE_BYTES = 64 * MIB
THREADS_BYTES = 512 * MIB
"""Address space that stacks of threads take without using it."""
HELD_BYTES = 128 * 1024
"""Output that is kept back at most while the service is not to be flooded; older is dropped."""
FREE_BYTES = 256 * 1024
"""Output that is passed on at once; what is more goes at intervals."""
PASS_ON_SECONDS = 0.02
GATHER_SECONDS = 0.001

COMMON = (
    "re collections functools itertools math string datetime random traceback linecache threading typing copy heapq "
    "textwrap decimal hashlib statistics subprocess pathlib csv dataclasses asyncio"
).split()
"""Imported while there is nothing else to do: what most programs begin with."""


def main():
    os.chdir(WORK_DIR)
    sys.path.insert(0, WORK_DIR)
    sys.path += [path for path in os.environ["PYTHONPATH"].split(":") if os.path.isdir(path)]
    _add_exit()
    if "data" in sys.argv:
        plots.preload()
    send(READY, json.dumps({"version": sys.version.split()[0]}).encode())
    _import_while_idle()
    session = None
    while True:
        kind, payload = receive()
        if kind == FLUSH:
            send(FLUSHED)
        if kind != PROGRAM:
            continue
        session = run(json.loads(payload), session)


def _add_exit():
    """`exit` and `quit`, which come with the module `site`, which this interpreter starts without."""
    import builtins

    from _sitebuiltins import Quitter

    builtins.exit, builtins.quit = Quitter("exit", ""), Quitter("quit", "")


def _import_while_idle():
    for name in COMMON:
        if select.select([CHANNEL], [], [], 0)[0]:
            return
        __import__(name)


# --- the conversation with the service ---


def send(kind, payload=b""):
    data = struct.pack(">IB", len(payload), kind) + payload
    while data:
        data = data[os.write(CHANNEL, data) :]


def receive():
    length, kind = struct.unpack(">IB", _read_exactly(5))
    return kind, _read_exactly(length)


def _read_exactly(count):
    parts = []
    while count > 0:
        part = os.read(CHANNEL, min(count, MIB))
        if not part:
            os._exit(0)  # The service is gone, or has had enough of us.
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


# --- the supervisor ---


class Child:
    """A fork of this interpreter that runs programs; its report comes through memory that both share."""

    def __init__(self, memory_bytes, keep):
        self.keep = keep
        self.report = mmap.mmap(-1, REPORT_BYTES)
        self.before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.stdin, self.codes, self.done = _pipe_pair() if keep else (None, None, None)
        out, err = os.pipe(), os.pipe()
        self.outputs = (Output(STDOUT, out[0]), Output(STDERR, err[0]))
        self._streams = (out[1], err[1])
        self._memory_bytes = memory_bytes
        self.pid = None

    def start(self, code, stdin):
        self.pid = os.fork()
        if self.pid == 0:
            _be_the_program(self, code, stdin, self._streams, self._memory_bytes)
        for fd in self._streams:
            os.close(fd)
        self.pidfd = os.pidfd_open(self.pid)


class Output:
    """One stream of the program's, on its way to the service."""

    def __init__(self, kind, fd):
        os.set_blocking(fd, False)
        self.kind, self.fd = kind, fd
        self.open = True
        self.restart()

    def restart(self):
        self.held = bytearray()
        self.total = 0

    def pump(self):
        """Takes what there is; returns whether there was any."""
        try:
            data = os.read(self.fd, 65_536)
        except BlockingIOError:
            return False
        if not data:
            self.open = False
            return False
        self.total += len(data)
        self.held += data
        del self.held[: max(0, len(self.held) - HELD_BYTES)]
        return True

    def patience(self):
        """How long output may gather, in seconds: a line is often written in parts; a flood is not for the service."""
        return GATHER_SECONDS if self.total <= FREE_BYTES else PASS_ON_SECONDS

    def is_full(self):
        """Whether something of the beginning, which is kept, would soon be dropped."""
        return len(self.held) > HELD_BYTES // 2 and self.total <= FREE_BYTES

    def pass_on(self):
        if self.held:
            send(self.kind, struct.pack("<d", self.total - len(self.held)) + self.held)
            self.held = bytearray()


def run(program, session):
    """Runs one program; returns the child that keeps its state, if it is to be kept and still lives."""
    child = session or Child(program["memory_bytes"], program["keep"])
    given = _write_files(program["files"])
    before = _stats() if program["keep"] else {}
    stdin = _stdin_file(program["stdin"])
    if session is None:
        child.start(program["code"], stdin)
    else:
        _signal_the_rest(signal.SIGCONT)
        for output in child.outputs:
            output.restart()
        child.report[:4] = bytes(4)
        _hand_over(child, program["code"], stdin)
    os.close(stdin)
    ended = _watch(child)
    # Between the calls of a session nothing of it runs: nobody would watch it.
    _signal_the_rest(signal.SIGKILL if ended else signal.SIGSTOP)
    _drain(child, to_the_end=ended)
    report = _report_of(child, ended)
    report["artifacts"], report["artifacts_truncated"] = _collect(given, before)
    send(REPORT, json.dumps(report).encode())
    return None if ended else child


def _watch(child):
    """Passes output on until the program has ended; returns whether its process has, too."""
    poller = select.poll()
    watched = {child.pidfd: None, CHANNEL: None}
    if child.keep:
        watched[child.done] = None
    for output in child.outputs:
        watched[output.fd] = output
    for fd in watched:
        poller.register(fd, select.POLLIN)
    due = None
    while True:
        now = time.monotonic()
        ready = [fd for fd, _ in poller.poll(None if due is None else max(0, (due - now) * 1000))]
        for fd in ready:
            output = watched[fd]
            if output is not None and not output.pump() and not output.open:
                poller.unregister(fd)
        if due is None and any(output.held for output in child.outputs):
            due = time.monotonic() + max(output.patience() for output in child.outputs)
        flush = CHANNEL in ready and receive()[0] == FLUSH
        if flush or (due is not None and time.monotonic() >= due) or any(output.is_full() for output in child.outputs):
            due = None
            for output in child.outputs:
                output.pass_on()
        if flush:
            send(FLUSHED)
        if child.pidfd in ready:
            return True
        if child.keep and child.done in ready and os.read(child.done, 1):
            return False


def _drain(child, to_the_end):
    """The rest of the output: until its writers are gone where they have been killed, else what is there now."""
    for output in child.outputs:
        while output.open:
            if output.pump():
                continue
            if not to_the_end or not output.open or not select.select([output.fd], [], [], 0.25)[0]:
                break
        output.pass_on()


def _signal_the_rest(what):
    """To the program and whatever it has started: signals to -1 reach all of the jail but us and its first process."""
    try:
        os.kill(-1, what)
    except ProcessLookupError:
        pass


def _report_of(child, ended):
    signal_name, exit_code, usage = None, None, None
    if ended:
        _, status, usage = os.wait4(child.pid, 0)
        if os.WIFSIGNALED(status):
            signal_name = signal.Signals(os.WTERMSIG(status)).name.split("+")[0]
        else:
            exit_code = os.waitstatus_to_exitcode(status)
    report = _read_report(child.report)
    if report is None or signal_name is not None:
        report = {"result": None, "error": _ending(signal_name, exit_code), "exit_code": exit_code, "out_of_memory": False}
    if usage is not None:
        report["cpu_ms"] = (usage.ru_utime + usage.ru_stime) * 1000
        report["peak_memory_bytes"] = max(0, usage.ru_maxrss - child.before) * 1024
    report["signal"] = signal_name
    report["over"] = ended
    report.setdefault("cpu_ms", 0)
    return report


def _ending(signal_name, exit_code):
    """The error of a program that ended without a word."""
    if signal_name is not None:
        return {"type": "Signal", "message": f"The program was ended by {signal_name}", "traceback": ""}
    if exit_code != 0:
        return {"type": "SystemExit", "message": str(exit_code), "traceback": ""}
    return None


def _read_report(memory):
    (length,) = struct.unpack("<I", memory[:4])
    if not 0 < length <= REPORT_BYTES - 4:
        return None
    try:
        report = json.loads(memory[4 : 4 + length])
        return report if isinstance(report, dict) else None
    except (ValueError, RecursionError):
        return None


# --- files ---


def _write_files(files):
    import binascii

    given = {}
    for file in files:
        data = binascii.a2b_base64(file["data"])
        path = os.path.join(WORK_DIR, file["path"])
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as stream:
                stream.write(data)
        except OSError:
            continue  # A file of this session stands in its way; the program will say so better than we can.
        given[file["path"]] = data
    return given


def _stdin_file(data):
    """A file without a name that holds standard input: it ends where its content does."""
    import binascii

    fd = os.open("/tmp", os.O_TMPFILE | os.O_RDWR, 0o600)
    rest = binascii.a2b_base64(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _stats():
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


def _collect(given, before):
    """The regular files that the program made or changed, as far as the limits go, and whether there were more."""
    import binascii

    artifacts, size, truncated = [], 0, False
    for path, entry in _files_below(WORK_DIR):
        name = os.fsencode(os.path.relpath(path, WORK_DIR)).decode("utf-8", "replace")
        stat = entry.stat(follow_symlinks=False)
        if before.get(path) == _identity(stat) and name not in given:
            continue
        if len(artifacts) == MAX_ARTIFACTS or size + stat.st_size > MAX_ARTIFACT_BYTES or len(name) > MAX_PATH:
            truncated = True
            continue
        data = _read_file(path)
        if data is None or given.get(name) == data:
            continue
        if size + len(data) > MAX_ARTIFACT_BYTES:
            truncated = True
            continue
        size += len(data)
        artifacts.append({"path": name, "data": binascii.b2a_base64(data, newline=False).decode()})
    return artifacts, truncated


def _read_file(path):
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as stream:
        return stream.read(MAX_ARTIFACT_BYTES + 1)


# --- the program's process ---


def _pipe_pair():
    """(standard input of the next program, its code, the child's word that it is done), as the session's pipes."""
    import socket

    ours, theirs = socket.socketpair()
    done, tell = os.pipe()
    return (theirs, tell), ours, done


def _hand_over(child, code, stdin):
    import socket

    data = code.encode("utf-8", "surrogatepass")
    socket.send_fds(child.codes, [struct.pack(">I", len(data))], [stdin])
    child.codes.sendall(data)


def _be_the_program(child, code, stdin, streams, memory_bytes):
    """Never returns: this process is the program now, and ends as it does."""
    try:
        os.setsid()
        os.dup2(stdin, 0)
        os.dup2(streams[0], 1)
        os.dup2(streams[1], 2)
        _close_all_but(3, child.stdin)
        _limit(memory_bytes)
        _open_streams()
        namespace = user_program.new_main()
        if not child.keep:
            outcome = user_program.run(code, namespace, _run_coroutine, _finish)
            _write_report(child.report, outcome)
            os._exit(outcome["exit_code"])
        commands, tell = child.stdin
        while True:
            cpu_before = _cpu_ms()
            outcome = user_program.run(code, namespace, _run_coroutine, _finish_one)
            usage = {"cpu_ms": _cpu_ms() - cpu_before, "peak_memory_bytes": _peak_since(child.before)}
            _write_report(child.report, {**outcome, **usage})
            os.write(tell, b".")
            code = _next_code(commands)
            sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)
    except BaseException:
        os._exit(70)


def _close_all_but(first, kept):
    keep = sorted(fd if isinstance(fd, int) else fd.fileno() for fd in kept or ())
    for fd in keep:
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, OPEN_FILES)


def _limit(memory_bytes):
    """Limits of one process, hard ones: the service watches what all of them use together."""
    for what, limit in (
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, memory_bytes + THREADS_BYTES),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def _open_streams():
    sys.stdout = sys.__stdout__ = user_program.open_output(1)
    sys.stderr = sys.__stderr__ = user_program.open_output(2)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", errors="replace", closefd=False)
    sys.argv = [user_program.USER_FILE]
    signal.signal(signal.SIGINT, signal.default_int_handler)


_loop = None


def _run_coroutine(coroutine):
    global _loop
    import asyncio

    if _loop is None:
        _loop = asyncio.new_event_loop()
        asyncio.set_event_loop(_loop)
    return _loop.run_until_complete(coroutine)


def _finish_one():
    """What follows a program whose session goes on."""
    if "matplotlib.pyplot" in sys.modules:
        plots.save_open_figures()
    sys.stdout.flush()
    sys.stderr.flush()


def _finish():
    """What an interpreter does at its end, and the figures before that: matplotlib closes them then."""
    _finish_one()
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    import atexit

    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()


def _next_code(commands):
    import socket

    header, descriptors, _, _ = socket.recv_fds(commands, 4, 1)
    if len(header) < 4:
        os._exit(0)
    os.dup2(descriptors[0], 0)
    os.close(descriptors[0])
    (length,) = struct.unpack(">I", header)
    parts = []
    while length > 0:
        part = commands.recv(min(length, MIB))
        if not part:
            os._exit(0)
        parts.append(part)
        length -= len(part)
    return b"".join(parts).decode("utf-8", "surrogatepass")


def _cpu_ms():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used) * 1000


def _peak_since(before):
    return max(0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


def _write_report(memory, outcome):
    data = json.dumps(outcome, ensure_ascii=False).encode("utf-8", "replace")
    memory[4 : 4 + len(data)] = data
    memory[:4] = struct.pack("<I", len(data))


main()
