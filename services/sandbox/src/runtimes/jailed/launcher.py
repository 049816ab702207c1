"""Makes jailed workers by forking: one for each connection of the service, in a fraction of the time that starting takes.

It runs in a jail itself, which shows what its workers are to see and all package layers; what workers of one language
begin with is imported here, once. No program ever runs in it or speaks to it. The service connects to a socket, whose
path leads through this process's own /proc; the child that is forked for a connection reads from it what to be, so that
nothing of one worker is ever in memory that another one is forked from. See `toolmesh_jail.py` for how it is jailed.
"""

import ctypes
import fcntl
import os
import select
import sys

sys.path.append(os.path.dirname(sys.argv[0]))

import _socket

import toolmesh_jail as jail
import toolmesh_pages as pages
import toolmesh_supervisor as supervisor
import toolmesh_wire as wire

FILTER, PROC = 4, 5
"""Descriptors that the service has opened: the filter of system calls, and its /proc, since a jail has none."""
SOCKET_PATH = "/tmp/launcher.sock"
MAX_REQUEST = 65_536

STDERR_BYTES = 64 << 10
STDERR_TAIL_BYTES = 4_096

SIGCHLD = 17
CLONE = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
F_ADD_SEALS, F_SEAL_SHRINK, F_SEAL_GROW = 1033, 2, 4


def main():
    """Serves connections. The arguments are a module to prepare workers by, if any, and its own arguments."""
    program = jail.read_filter(FILTER)
    for fd in (wire.CHANNEL, PROC):
        os.set_inheritable(fd, False)
    if len(sys.argv) > 1:
        __import__(sys.argv[1]).prepare_launcher(sys.argv[2:])
    pages.keep_in_forks(PROC)
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    listener.bind(SOCKET_PATH)
    listener.listen(64)
    os.chmod(SOCKET_PATH, 0o600)
    wire.send(wire.READY, wire.to_json({"version": "1", "pid": int(os.readlink("self", dir_fd=PROC))}))
    _serve(Launcher(program), listener)


def _serve(launcher, listener):
    poller = select.poll()
    for fd in (wire.CHANNEL, listener.fileno()):
        poller.register(fd, select.POLLIN)
    while True:
        for fd, _ in poller.poll():
            if fd == wire.CHANNEL:
                _, payload = wire.receive()
                launcher.kill(wire.from_json(payload)["id"])
            elif fd == listener.fileno():
                connection, _ = listener._accept()
                process = launcher.start(connection)
                os.close(connection)
                if process is not None:
                    poller.register(process, select.POLLIN)
            else:
                poller.unregister(fd)
                launcher.reap(fd)


class Worker:
    """A worker that runs: its number, its process id here, and the file of its standard error."""

    def __init__(self, number, pid, stderr):
        self.number, self.pid, self.stderr = number, pid, stderr


class Launcher:
    """The workers that run, by the descriptors of their processes."""

    def __init__(self, program):
        self.program = program
        self.is_root = os.getuid() == 0
        if self.is_root:
            # A user namespace has a bounding set of its own.
            jail.empty_bounding_set()
        self.workers = {}
        self.count = 0
        self.stderr_tail = bytearray(STDERR_TAIL_BYTES)

    def start(self, connection):
        """Forks a worker for a connection; returns the descriptor of its process, or nothing when there is none."""
        stderr = _file_of_fixed_size()
        flags = jail.NAMESPACES | (0 if self.is_root else jail.NEWUSER)
        # Nothing here has threads or locks: what an interpreter does at forks is left to that of the program.
        pid = jail.libc.syscall(CLONE, ctypes.c_long(flags | SIGCHLD), *[ctypes.c_long(0)] * 4)
        if pid == 0:
            _become_a_worker(connection, stderr, self.program, self.is_root)
        failure = ctypes.get_errno()
        self.count += 1
        if pid < 0:
            os.close(stderr)
            why = f"no process for a worker: {os.strerror(failure)}"
            _tell(connection, wire.GONE, {"id": self.count, "exit_code": 71, "signal": None, "stderr": why})
            return None
        process = os.pidfd_open(pid)
        self.workers[process] = Worker(self.count, pid, stderr)
        _tell(connection, wire.STARTED, {"id": self.count, "pid": _pid_outside(process)})
        return process

    def kill(self, number):
        for worker in self.workers.values():
            if worker.number == number:
                # It is our child and not reaped yet: the id is still its own.
                os.kill(worker.pid, 9)

    def reap(self, process):
        worker = self.workers.pop(process)
        ended = os.waitid(os.P_PIDFD, process, os.WEXITED)
        os.close(process)
        has_exited = ended.si_code == os.CLD_EXITED
        code, signal = (ended.si_status, None) if has_exited else (None, ended.si_status)
        gone = wire.to_json({"id": worker.number, "exit_code": code, "signal": signal})
        # The words of a worker go through one buffer and are wiped, so that no later one is forked with them.
        length = os.lseek(worker.stderr, 0, os.SEEK_CUR)
        with memoryview(self.stderr_tail) as tail:
            count = os.preadv(worker.stderr, [tail], max(0, length - STDERR_TAIL_BYTES))
            wire.send_parts(wire.GONE, gone, b"\n", tail[: min(count, length)])
        self.stderr_tail[:] = bytes(STDERR_TAIL_BYTES)
        os.close(worker.stderr)


def _file_of_fixed_size():
    """Makes a nameless file for a worker's standard error: what does not fit in cannot be written."""
    fd = os.memfd_create("stderr", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, STDERR_BYTES)
    fcntl.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)
    return fd


def _pid_outside(process):
    """Returns the id of a process, given its descriptor, outside of this jail."""
    fd = os.open(f"self/fdinfo/{process}", os.O_RDONLY, dir_fd=PROC)
    try:
        lines = os.read(fd, 4_096).decode().splitlines()
    finally:
        os.close(fd)
    return next(int(line[4:]) for line in lines if line.startswith("Pid:"))


def _tell(connection, kind, message):
    """Tells the service of the worker for a connection, which says nothing before it has read its request."""
    try:
        wire.send_on(connection, kind, wire.to_json(message))
    except OSError:
        pass  # The caller has gone away, and its worker is about to notice.


def _become_a_worker(connection, stderr, program, is_root):
    """Sets up the jail and becomes the worker. Never returns."""
    try:
        os.dup2(stderr, 2)
        request = _read_request(connection)
        jail.enter(connection, PROC, {**request, "user": request["user"] if is_root else None}, program)
        os.environ.update(request["env"])
        supervisor.serve(request["interpreter"])
    except BaseException as error:
        wire.log(f"no jail for a worker: {error!r}")
    finally:
        os._exit(70)


def _read_request(connection):
    """Reads what to be, a line of JSON: the service sends it once this process is where it is to be counted."""
    data = b""
    while not data.endswith(b"\n"):
        part = os.read(connection, MAX_REQUEST)
        if not part:
            os._exit(0)  # The caller has gone away.
        data += part
    return wire.from_json(data)


main()
