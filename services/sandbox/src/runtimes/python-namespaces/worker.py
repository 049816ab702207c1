"""The supervisor of a jailed worker: warms an interpreter up, has it run one program, reports to the service.

Two processes share the jail. This one holds the conversation with the service; the program runs in a fork of it
(`toolmesh_child.py`), which is made ahead. The end of that child, by whatever signal, is thus something to report
rather than the end of the conversation. What is imported here is imported for every program, warm or not: little.
"""

import os
import sys

sys.path.append("/opt/sandbox")

import mmap
import resource  # noqa: what os.wait4 answers with
import select
import struct
import time

import _signal

import toolmesh_child as program_child
import toolmesh_files as files
import toolmesh_wire as wire

REPORT_BYTES = 4 << 20
HELD_BYTES = 128 * 1024
"""The most output that is held back so that the service is not flooded; older output is dropped."""
FREE_BYTES = 256 * 1024
"""Output that is passed on at once; more of it goes at intervals."""
PASS_ON_SECONDS = 0.02
NAMES = 16_384
"""The most names in each folder of a jail, which it is made with where a launcher made it."""
LOOK_SECONDS = 0.05
"""Interval at which names are counted elsewhere."""
GATHER_SECONDS = 0.001


def main():
    # Where this is the jail's first process, a signal from inside does not reach it unless it is handled here.
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    os.chdir(files.WORK_DIR)
    program_child.prepare()
    child = Child("data" in sys.argv)
    if not child.receive():
        sys.exit("the process for the program ended by itself")
    wire.send(wire.READY, wire.to_json({"version": sys.version.split()[0]}))
    given = files.Given()
    while True:
        kind, payload = wire.receive()
        if kind == wire.FLUSH:
            wire.send(wire.FLUSHED)
        if kind == wire.FILE:
            given.begin(wire.from_json(payload))
        if kind == wire.DATA:
            given.add(payload)
        if kind == wire.PROGRAM:
            run(wire.from_json(payload), given.take(), child)


class Child:
    """The process of the program, and its pipes."""

    def __init__(self, with_data):
        self.report = mmap.mmap(-1, REPORT_BYTES)
        self.idle_memory, self.idle_ms, self.idle_children_ms = 0, 0, 0
        self.stdin = _nameless_file()
        self.woken = _wake_up_for_signals()
        orders, self.orders = os.pipe()
        self.done, progress = os.pipe()
        out, err = os.pipe(), os.pipe()
        self.outputs = (Output(wire.STDOUT, out[0]), Output(wire.STDERR, err[0]))
        self.ended = None
        self.is_ending = False
        self.has_too_many_names = False
        self.has_begun = False
        self.pid = os.fork()
        if self.pid == 0:
            program_child.live(orders, progress, (self.stdin, out[1], err[1]), self.report, with_data)
        for fd in (orders, progress, out[1], err[1]):
            os.close(fd)

    def receive(self):
        """Takes one message of the child; returns its kind, or nothing when there will be no more."""
        what = os.read(self.done, 1)
        if what == program_child.WARM:
            used = wire.read_exactly(self.done, program_child.USED.size)
            self.idle_memory, self.idle_ms, self.idle_children_ms = program_child.USED.unpack(used)
        return what

    def begin(self, program):
        """Hands the program over."""
        while not self.has_begun and select.select([self.done], [], [], 0)[0] and self.receive():
            pass  # Before its first program the child is trusted.
        self.has_begun = True
        code = program["code"].encode("utf-8", "surrogatepass")
        data = program_child.ORDER.pack(program["memory_bytes"], program["keep"], len(code)) + code
        try:
            while data:
                data = data[os.write(self.orders, data) :]
        except BrokenPipeError:
            pass  # It has ended by itself, between two calls of its session.

    def is_over(self):
        """Returns true once it has ended, or has reported and is about to end."""
        return self.ended is not None or self.is_ending

    def used_ms(self):
        """Processor time since the program began."""
        if self.ended is not None:
            usage = self.ended[1]
            return max(0, (usage.ru_utime + usage.ru_stime) * 1000 - self.idle_ms - self.idle_children_ms)
        # The clock of a process, as the kernel makes it of its number (linux/posix-timers.h).
        return max(0, time.clock_gettime(~self.pid << 3 | 2) * 1000 - self.idle_ms)

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


def _nameless_file():
    return os.open("/tmp", os.O_TMPFILE | os.O_RDWR, 0o600)


def _wake_up_for_signals():
    """Returns a descriptor to read the numbers of signals from: a child has ended, or is about to."""
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    _signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (_signal.SIGCHLD, program_child.END):
        _signal.signal(number, lambda *_: None)
    return woken


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
        """Reads the output that there is; returns false when there was none."""
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

    def delay(self):
        """The time that output may gather, in seconds: a line is often written in parts; a flood is held back."""
        return GATHER_SECONDS if self.total <= FREE_BYTES else PASS_ON_SECONDS

    def is_full(self):
        """Returns true when something of the beginning, which is kept, would soon be dropped."""
        return len(self.held) > HELD_BYTES // 2 and self.total <= FREE_BYTES

    def pass_on(self):
        if self.held:
            wire.send(self.kind, struct.pack("<d", self.total - len(self.held)) + self.held)
            self.held = bytearray()


def run(program, given, child):
    """Runs one program: the only one, or the next of a session."""
    before = files.stats() if program["keep"] else {}
    if child.has_begun:
        _signal_the_rest(_signal.SIGCONT)
        for output in child.outputs:
            output.restart()
        child.report[:4] = bytes(4)
    _give_input(child.stdin, program["stdin"])
    child.begin(program)
    _watch(child, program["keep"])
    # Between the calls of a session nothing of it runs, since nothing would watch it.
    _signal_the_rest(_signal.SIGKILL if child.is_over() else _signal.SIGSTOP)
    _drain(child)
    report = _report_of(child)
    limits, keep = program["artifact_limits"], program["keep"]
    report["artifacts_truncated"], report["removed"] = files.send_changed(given, before, limits, keep)
    wire.send(wire.REPORT, wire.to_json(report))


def _give_input(fd, data):
    """Standard input is a file without a name, so that it ends where its content does."""
    os.ftruncate(fd, 0)
    os.lseek(fd, 0, os.SEEK_SET)
    if not data:
        return
    import binascii

    rest, at = binascii.a2b_base64(data), 0
    while at < len(rest):
        at += os.pwrite(fd, rest[at : at + wire.MIB], at)


def _count_names():
    """Returns the most names that there are in one of the jail's folders."""
    sizes = [os.statvfs(folder) for folder in ("/dev/shm", "/tmp", files.WORK_DIR)]
    return max(size.f_files - size.f_ffree for size in sizes)


def _watch(child, keep):
    """Passes output on until the program has ended, perhaps with its process."""
    is_bounded = os.statvfs("/tmp").f_files <= NAMES
    poller = select.poll()
    watched = {output.fd: output for output in child.outputs}
    for fd in (child.woken, wire.CHANNEL, *((child.done,) if keep else ()), *watched):
        poller.register(fd, select.POLLIN)
    due = None
    while True:
        now = time.monotonic()
        wait = None if due is None else max(0, (due - now) * 1000)
        if not is_bounded:
            wait = LOOK_SECONDS * 1000 if wait is None else min(wait, LOOK_SECONDS * 1000)
        ready = [fd for fd, _ in poller.poll(wait)]
        if not is_bounded and not child.has_too_many_names and _count_names() > NAMES:
            child.has_too_many_names = True
            _signal_the_rest(_signal.SIGKILL)
        for fd in ready:
            output = watched.get(fd)
            if output is not None and not output.pump() and not output.open:
                poller.unregister(fd)
        if due is None and any(output.held for output in child.outputs):
            due = time.monotonic() + max(output.delay() for output in child.outputs)
        flush = wire.CHANNEL in ready and wire.receive()[0] == wire.FLUSH
        if flush or (due is not None and time.monotonic() >= due) or any(output.is_full() for output in child.outputs):
            due = None
            for output in child.outputs:
                output.pass_on()
        if flush:
            wire.send(wire.FLUSHED)
        if child.woken in ready:
            signals = os.read(child.woken, 4_096)
            child.reap()
            child.is_ending = not keep and program_child.END in signals and _read_report(child.report) is not None
        if child.is_over():
            return
        if keep and child.done in ready:
            message = child.receive()
            if message == program_child.DONE:
                return
            if not message:
                poller.unregister(child.done)


def _drain(child):
    """Passes on the rest of the output: until its writers are gone where they were killed, else what is there now."""
    for output in child.outputs:
        while output.open:
            if output.pump():
                continue
            if child.ended is None or not output.open or not select.select([output.fd], [], [], 0.25)[0]:
                break
        output.pass_on()


def _signal_the_rest(what):
    """Signals the program and all that it has started: -1 reaches all of the jail but us and its first process."""
    try:
        os.kill(-1, what)
    except ProcessLookupError:
        pass


def _report_of(child):
    signal_name, exit_code = None, None
    if child.ended is not None:
        status = child.ended[0]
        if os.WIFSIGNALED(status):
            signal_name = _name_of(os.WTERMSIG(status))
        else:
            exit_code = os.WEXITSTATUS(status)
    report = _read_report(child.report)
    if report is None or signal_name is not None:
        report = {"result": None, "error": _ending(signal_name, exit_code), "exit_code": exit_code, "out_of_memory": False}
    if child.is_over():
        report["cpu_ms"] = child.used_ms()
    if child.ended is not None:
        report["peak_memory_bytes"] = max(0, child.ended[1].ru_maxrss - child.idle_memory) * 1024
    if child.has_too_many_names:
        report["out_of_memory"] = True
        report["error"] = {"type": "OutOfMemory", "message": f"The program made more than {NAMES} files", "traceback": ""}
    report["signal"] = signal_name
    report["over"] = child.is_over()
    report.setdefault("cpu_ms", 0)
    return report


def _name_of(number):
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def _ending(signal_name, exit_code):
    """Returns the error of a program that ended without a report."""
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
        report = wire.from_json(memory[4 : 4 + length])
        return report if isinstance(report, dict) else None
    except (ValueError, RecursionError):
        return None


main()
