"""The first process of a jail: holds the conversation with the service, and watches the program.

The program runs in a process of its own (`toolmesh_interpreter.py`). The end of that, by whatever signal, is thus
something to report rather than the end of the conversation.
"""

import os
import select
import sys
import time

import _signal

import toolmesh_fair as fair
import toolmesh_files as files
import toolmesh_interpreter as interpreters
import toolmesh_wire as wire

NAMES = 16_384
"""The most names in each folder of a jail, which it is made with where a launcher made it."""
LOOK_SECONDS = 0.05
"""Interval at which names are counted elsewhere."""
INTERRUPT_SECONDS = 0.15
"""The time that an interrupted program has to end by itself."""
COLLECT_SECONDS = 0.1
"""The time in which the files of an interrupted program are read; the service has promised an end."""


def serve(description):
    """Serves one worker: `description` is that of its interpreter. Never returns."""
    # Where this is the jail's first process, a signal from inside does not reach it unless it is handled here.
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
    os.chdir(files.WORK_DIR)
    if "module" in description:
        __import__(description["module"]).prepare(description["arguments"])
    interpreter = interpreters.Interpreter(description)
    if interpreter.takes != "file" and not interpreter.receive():
        sys.exit("the process for the program ended by itself")
    wire.send(wire.READY, wire.to_json({"version": description.get("version") or sys.version.split()[0], "can_interrupt": True}))
    given = files.Given()
    while True:
        kind, payload = wire.receive()
        if kind == wire.FLUSH:
            wire.send(wire.FLUSHED)
        if kind == wire.ANSWER:
            interpreter.relay.answer(payload)
        if kind == wire.FILE:
            given.begin(wire.from_json(payload))
        if kind == wire.DATA:
            given.add(payload)
        if kind == wire.PROGRAM:
            if run(wire.from_json(payload), given.take(), interpreter):
                interpreter.close()
                interpreter = interpreters.Interpreter(description)
                if not interpreter.receive():
                    sys.exit("the next process of a session ended by itself")


def run(program, given, interpreter):
    """Runs one program: the only one, or the next of a session; returns true when the session needs another process."""
    before = files.stats() if program["keep"] else {}
    interpreter.named.forget()
    interpreter.relay.restart()
    if interpreter.has_begun:
        _signal_the_rest(_signal.SIGCONT)
        for output in interpreter.outputs:
            output.restart()
        if interpreter.report is not None:
            interpreter.report.forget()
    _give_input(interpreter.stdin, program["stdin"])
    used_ms = interpreter.used_ms() if interpreter.has_begun else 0
    interpreter.begin(program)
    interrupted = _watch(interpreter, program["keep"])
    # Between the calls of a session nothing of it runs, since nothing would watch it.
    _signal_the_rest(_signal.SIGKILL if interpreter.is_over() else _signal.SIGSTOP)
    _drain(interpreter)
    interpreter.relay.drain()
    report = _report_of(interpreter)
    interpreter.named.look(str(report["result"]).encode("utf-8", "replace"))
    # Of a session, that of this program alone, where its interpreter does not say.
    report.setdefault("cpu_ms", max(0, interpreter.used_ms() - used_ms))
    limits, keep = program["artifact_limits"], program["keep"]
    span = fair.Span(COLLECT_SECONDS) if interrupted else None
    report["artifacts_truncated"], report["removed"] = files.send_changed(
        given, before, limits, keep, interpreter.named, span
    )
    # Files outlive the process of a session, which goes on with another one.
    restarts = keep and report["over"]
    if restarts:
        report["over"], report["restarted"] = False, True
    wire.send(wire.REPORT, wire.to_json(report))
    return restarts


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


def _watch(interpreter, keep):
    """Passes output on until the program has ended, perhaps with its process; returns true when it was interrupted."""
    is_bounded = os.statvfs("/tmp").f_files <= NAMES
    tells = keep and interpreter.takes != "file"
    reports = () if interpreter.report is None or interpreter.report.writer is None else (interpreter.report.reader,)
    poller = select.poll()
    watched = {output.fd: output for output in interpreter.outputs}
    for fd in (interpreter.woken, wire.CHANNEL, *((interpreter.done,) if tells else ()), *reports, *watched):
        poller.register(fd, select.POLLIN)
    interpreter.relay.watch(poller, is_new=True)
    due, span, interrupted = None, None, False
    while True:
        times = [] if due is None else [max(0, due - time.monotonic())]
        if span is not None:
            times.append(span.left())
        if not is_bounded:
            times.append(LOOK_SECONDS)
        ready = [fd for fd, _ in poller.poll(min(times) * 1000 if times else None)]
        if span is not None and span.left() == 0:
            span = None
            _signal_the_rest(_signal.SIGKILL)
        if interpreter.relay.fd in ready:
            interpreter.relay.pump()
        if not is_bounded and not interpreter.has_too_many_names and _count_names() > NAMES:
            interpreter.has_too_many_names = True
            _signal_the_rest(_signal.SIGKILL)
        for fd in ready:
            output = watched.get(fd)
            if output is not None and not output.pump() and not output.open:
                poller.unregister(fd)
        if due is None and any(output.held for output in interpreter.outputs):
            due = time.monotonic() + max(output.delay() for output in interpreter.outputs)
        kind, payload = wire.receive() if wire.CHANNEL in ready else (None, None)
        flush = kind == wire.FLUSH
        if kind == wire.INTERRUPT:
            interrupted, span = True, _interrupt(interpreter, wire.from_json(payload)["kill"])
        if kind == wire.ANSWER:
            interpreter.relay.answer(payload)
        is_due = due is not None and time.monotonic() >= due
        if flush or is_due or any(output.is_full() for output in interpreter.outputs):
            due = None
            for output in interpreter.outputs:
                output.pass_on()
        if flush:
            wire.send(wire.FLUSHED)
        for fd in reports:
            if fd in ready and not interpreter.report.pump():
                poller.unregister(fd)
                reports = ()
        interpreter.relay.watch(poller)
        if interpreter.woken in ready:
            signals = os.read(interpreter.woken, 4_096)
            interpreter.reap()
            interpreter.is_ending = not keep and interpreters.END in signals and interpreter.report_of_program() is not None
        if interpreter.is_over():
            return interrupted
        if tells and interpreter.done in ready:
            message = interpreter.receive()
            if message == interpreters.DONE:
                return interrupted
            if not message:
                poller.unregister(interpreter.done)


def _interrupt(interpreter, kill):
    """Interrupts the program, as Ctrl+C would, and returns the time that it has to end; or ends its process at once."""
    if not kill:
        try:
            os.killpg(interpreter.pid, _signal.SIGINT)
            return fair.Span(INTERRUPT_SECONDS, interpreter.pid)
        except ProcessLookupError:
            pass
    _signal_the_rest(_signal.SIGKILL)
    return None


def _drain(interpreter):
    """Passes on the rest of the output: until its writers are gone where they were killed, else what is there now."""
    for output in interpreter.outputs:
        while output.open:
            if output.pump():
                continue
            if interpreter.ended is None or not output.open or not select.select([output.fd], [], [], 0.25)[0]:
                break
        output.pass_on()


def _signal_the_rest(what):
    """Signals the program and all that it has started: -1 reaches all of the jail but us and its first process."""
    try:
        os.kill(-1, what)
    except ProcessLookupError:
        pass


EMPTY_REPORT = {"result": None, "error": None, "exit_code": None, "out_of_memory": False}


def _report_of(interpreter):
    signal_name, exit_code = None, None
    if interpreter.ended is not None:
        status = interpreter.ended[0]
        if os.WIFSIGNALED(status):
            signal_name = _name_of(os.WTERMSIG(status))
        else:
            exit_code = os.WEXITSTATUS(status)
    report = None if signal_name is not None else interpreter.report_of_program()
    if report is None:
        report = {"error": _ending(signal_name, exit_code), "exit_code": exit_code}
    report = {**EMPTY_REPORT, **report}
    if interpreter.is_over():
        report["cpu_ms"] = interpreter.used_ms()
    peak = interpreter.peak_memory_bytes()
    if peak is not None:
        report["peak_memory_bytes"] = peak
    if interpreter.has_too_many_names:
        report["out_of_memory"] = True
        report["error"] = {"type": "OutOfMemory", "message": f"The program made more than {NAMES} files", "traceback": ""}
    report["signal"] = signal_name
    report["over"] = interpreter.ends_session()
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
