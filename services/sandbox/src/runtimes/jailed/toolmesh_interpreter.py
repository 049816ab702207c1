"""The process that a program runs in: a fork of this interpreter, or another interpreter that is exec'd.

A description in the request of the service says which, as one of

    {"module": name, "arguments": [...]}    forked: `prepare(arguments)` was called before, `live(pipes)` never returns
    {"command": [...], "environment": {...}, "version": text, "takes": "orders" | "path" | "file", "name": "main.sh",
     "address_bytes": number or null, "data_bytes": number or null,
     "started_for_bytes": number, "own_mb": number}    exec'd

Of an exec'd one, descriptors 0, 1 and 2 are the program's streams. How it gets the program is what it `takes`:

- "file": it knows nothing of us. It is started when the program is there, written to a file whose path replaces
  `{file}` in its command; its exit code is the report.
- "orders": it is started ahead. Descriptor 3 brings the programs: for each, four bytes of length (big-endian) and so
  much JSON, {"code", "language", "keep", "memory_bytes"}. Descriptor 4 takes reports, descriptor 5 the progress; both
  are pipes.
- "path": as "orders", but descriptor 3 brings for each program a line with the path of a file that has its code.

Orders end where no other program may follow. Descriptor 6 is a socket, the channel of displays and tool calls
(`toolmesh_relay.py`), in all but "file".

`{memory_mb}` in the command stands for the memory of the program, in MiB, and `own_mb` more. An interpreter that takes
it at its start is started for `started_for_bytes`, and anew for a program with another limit.

Report: a line of JSON for each program, {"result": text or null, "error": {"type", "message", "traceback"} or null,
"exit_code": 0 to 255 or null, "out_of_memory": bool} and, as far as it knows, "cpu_ms" and "peak_memory_bytes". All of
it may be left out. Progress: "w" and three numbers (`USED`) once it is warm and whenever it has warmed up further; "."
after each program whose state is kept, when it has been reported. A program whose state is not kept ends with its
process; SIGUSR1 to the parent says that it has reported and leaves nothing behind, so that nobody waits for the end.
"""

import os
import resource
import select
import struct
import sys
import time

import _signal

import toolmesh_limits as limits
import toolmesh_wire as wire
from toolmesh_output import Output
from toolmesh_relay import NO_RELAY, Relay
from toolmesh_report import PipedReport, SharedReport
from toolmesh_scratch import Named

NICE = 10
"""The service comes before the programs that it watches, and so does the supervisor."""
ROOMS = {
    # Address space that stacks of threads take without using it.
    "data_bytes": 512 << 20,
    # That of all else that is not memory of the program's own: libraries, files that it maps, reservations.
    "address_bytes": 4 << 30,
}
"""Address space that a program may have besides its memory."""
ORDERS, REPORT, PROGRESS, CHANNEL = 3, 4, 5, 6
"""Descriptors of an exec'd interpreter, besides its standard streams."""

LENGTH = struct.Struct(">I")
USED = struct.Struct(">Qdd")
WARM, DONE = b"w", b"."
"""Progress: the process has warmed up further, and has used so much memory at most, in KiB, and so much time, in
milliseconds, itself and by children; a program whose state is kept is done."""
END = _signal.SIGUSR1
"""Sent to the supervisor by a program that has reported and is about to end."""

PROGRAM_FOLDER = "/tmp/program"


class Pipes:
    """The descriptors that a program's process has besides its streams, and the place of its report."""

    def __init__(self, orders, progress, report, channel):
        self.orders, self.progress, self.report, self.channel = orders, progress, report, channel


class Interpreter:
    """The process of one program or of those of one session, and its pipes."""

    def __init__(self, description):
        self.description = description
        self.takes = description.get("takes", "orders")
        self.memory_bytes = description.get("started_for_bytes", 0)
        self.idle_memory, self.idle_ms, self.idle_children_ms = 0, 0, 0
        self.stdin = os.open("/tmp", os.O_TMPFILE | os.O_RDWR, 0o600)
        self.report = SharedReport() if "module" in description else None
        self.woken = _wake_up_for_signals()
        self.outputs, self.pid, self.named, self.relay = (), None, Named(), NO_RELAY
        self.reset()
        if self.takes != "file":
            self._start()

    def reset(self):
        self.ended = None
        self.is_ending = False
        self.has_too_many_names = False
        self.has_begun = False

    def _start(self):
        out, err = os.pipe(), os.pipe()
        self.outputs = (Output(wire.STDOUT, out[0], self.named), Output(wire.STDERR, err[0], self.named))
        given = [out[1], err[1]]
        pipes = None
        if self.takes != "file":
            orders, self.orders = os.pipe()
            self.done, progress = os.pipe()
            if self.report is None:
                self.report = PipedReport()
                given.append(self.report.writer)
            self.relay.close()
            self.relay = Relay()
            self.relay.outputs = self.outputs
            pipes = Pipes(orders, progress, self.report, self.relay.theirs)
            given += [orders, progress, self.relay.theirs]
        self.pid = os.fork()
        if self.pid == 0:
            self._become(pipes, (self.stdin, out[1], err[1]))
        for fd in given:
            os.close(fd)

    def _start_anew(self):
        os.kill(self.pid, _signal.SIGKILL)
        os.waitpid(self.pid, 0)
        for fd in (self.orders, self.done, self.report.reader, *(output.fd for output in self.outputs)):
            os.close(fd)
        self.report = None
        self._start()
        self.receive()

    def _become(self, pipes, streams):
        """Is the process of the program, from its first moment. Never returns."""
        try:
            os.setsid()
            for number, fd in enumerate(streams):
                os.dup2(fd, number)
            kept = () if pipes is None else (pipes.orders, pipes.progress, pipes.report.writer, pipes.channel)
            _close_all_but(3, *(fd for fd in kept if fd is not None))
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
            limits.apply()
            _signal.set_wakeup_fd(-1)
            for number in (_signal.SIGCHLD, END):
                _signal.signal(number, _signal.SIG_DFL)
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)
            if "command" in self.description:
                self._execute(pipes)
            sys.modules[self.description["module"]].live(pipes)
        except BaseException as error:
            wire.log(f"no interpreter: {error!r}")
        finally:
            os._exit(70)

    def _execute(self, pipes):
        memory_mb = (self.memory_bytes >> 20) + self.description.get("own_mb", 0)
        names = (("{file}", self._path()), ("{memory_mb}", str(memory_mb)))
        command = [_replaced(part, names) for part in self.description["command"]]
        if self.takes == "file":
            self._limit(0)
        else:
            # First out of the way: each of them may have the number of another.
            high = [_duplicate_above(fd) for fd in (pipes.orders, pipes.report.writer, pipes.progress, pipes.channel)]
            for number, fd in zip((ORDERS, REPORT, PROGRESS, CHANNEL), high):
                os.dup2(fd, number)
            os.closerange(CHANNEL + 1, limits.MAX_DESCRIPTOR)
        for number in (_signal.SIGPIPE, _signal.SIGINT):
            _signal.signal(number, _signal.SIG_DFL)
        os.execve(command[0], command, {**os.environ, **self.description["environment"]})

    def _path(self):
        return f"{PROGRAM_FOLDER}/{self.description.get('name', 'main')}"

    def _limit(self, pid):
        rooms = {name: self.description.get(name, usual) for name, usual in ROOMS.items()}
        limit(self.memory_bytes, pid, rooms)

    def receive(self):
        """Takes one message of the process; returns its kind, or nothing when there will be no more."""
        what = os.read(self.done, 1)
        if what == WARM and not self.has_begun:
            self.idle_memory, self.idle_ms, self.idle_children_ms = USED.unpack(wire.read_exactly(self.done, USED.size))
        return what

    def begin(self, program):
        """Hands the program over."""
        is_other = "started_for_bytes" in self.description and self.memory_bytes != program["memory_bytes"]
        self.memory_bytes = program["memory_bytes"]
        if is_other and not self.has_begun:
            self._start_anew()
        if self.takes != "orders":
            self._write(program["code"])
        if self.takes == "file":
            for output in self.outputs:
                os.close(output.fd)
            self.reset()
            self._start()
            self.has_begun = True
            return
        while not self.has_begun and select.select([self.done], [], [], 0)[0] and self.receive():
            pass  # Before its first program the process is trusted.
        if "command" in self.description and not self.has_begun:
            self._limit(self.pid)
        self.has_begun = True
        self._order(program)

    def _order(self, program):
        if self.takes == "path":
            data = f"{self._path()}\n".encode()
        else:
            order = {name: program[name] for name in ("code", "language", "keep", "memory_bytes")}
            data = wire.to_json(order, "surrogatepass")
            data = LENGTH.pack(len(data)) + data
        try:
            while data:
                data = data[os.write(self.orders, data) :]
        except BrokenPipeError:
            pass  # It has ended by itself, between two calls of its session.
        if not program["keep"]:
            os.close(self.orders)

    def _write(self, code):
        os.makedirs(PROGRAM_FOLDER, exist_ok=True)
        with open(self._path(), "wb") as file:
            file.write(code.encode("utf-8", "surrogatepass"))

    def close(self):
        """Closes what led to the process, which has ended: another one takes its place."""
        for fd in (self.stdin, self.woken, _signal.set_wakeup_fd(-1), *(output.fd for output in self.outputs)):
            os.close(fd)
        for fd in (self.orders, self.done, getattr(self.report, "reader", None)):
            if fd is not None:
                os.close(fd)

    def is_over(self):
        """Returns true once the process has ended, or has reported and is about to end."""
        return self.ended is not None or self.is_ending

    def ends_session(self):
        """Returns true when there is nothing left that a later program of the session could continue with."""
        return self.is_over() and self.takes != "file"

    def used_ms(self):
        """Processor time since the program began."""
        if self.ended is not None:
            usage = self.ended[1]
            return max(0, (usage.ru_utime + usage.ru_stime) * 1000 - self.idle_ms - self.idle_children_ms)
        # The clock of a process, as the kernel makes it of its number (linux/posix-timers.h).
        return max(0, time.clock_gettime(~self.pid << 3 | 2) * 1000 - self.idle_ms)

    def peak_memory_bytes(self):
        """Returns the most memory above that of the idle process; nothing where that is not known."""
        if self.ended is None or self.takes == "file":
            return None
        return max(0, self.ended[1].ru_maxrss - self.idle_memory) * 1024

    def report_of_program(self):
        """Returns what the process has reported of its latest program; nothing where it has not, or badly."""
        return None if self.report is None else self.report.read()

    def reap(self):
        """Reaps children that have ended: ours, and those that it has orphaned where they become ours."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == self.pid:
                self.ended = status, usage
            if pid == 0:
                return


def _replaced(text, names):
    for name, value in names:
        text = text.replace(name, value)
    return text


def limit(memory_bytes, pid=0, rooms=ROOMS):
    """Limits the memory that a process may have, by default this one; where a room is None, nothing does."""
    for what, room in ((resource.RLIMIT_DATA, rooms["data_bytes"]), (resource.RLIMIT_AS, rooms["address_bytes"])):
        if room is not None:
            resource.prlimit(pid, what, (memory_bytes + room, memory_bytes + room))


def report_use(progress):
    """Tells the supervisor that this process has warmed up further."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    times = ((usage.ru_utime + usage.ru_stime) * 1000 for usage in (own, children))
    os.write(progress, WARM + USED.pack(own.ru_maxrss, *times))


def next_order(orders):
    """Waits for the next program; returns its order, a dict."""
    (length,) = LENGTH.unpack(wire.read_exactly(orders, LENGTH.size))
    return wire.from_json(wire.read_exactly(orders, length))


def _wake_up_for_signals():
    """Returns a descriptor to read the numbers of signals from: a child has ended, or is about to."""
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    _signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (_signal.SIGCHLD, END):
        _signal.signal(number, lambda *_: None)
    return woken


def _duplicate_above(fd):
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD, 16)


def _close_all_but(first, *kept):
    for fd in sorted(kept):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, limits.MAX_DESCRIPTOR)
