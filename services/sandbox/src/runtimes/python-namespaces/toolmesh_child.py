"""The process that a program runs in: a fork of the supervisor (`worker.py`), made ahead of it and warmed up.

It has its standard streams and, until its one program begins, a pipe that brings the program and one that tells the
supervisor its progress; a session keeps both. What it reports goes through memory that both share.
"""

import os
import resource
import select
import struct
import sys

import _signal

import toolmesh_environment as environment
import toolmesh_limits as limits
import toolmesh_plots as plots
import toolmesh_program as user_program
import toolmesh_wire as wire

NICE = 19
"""The service comes before the programs that it watches, and so does the supervisor."""
THREADS_BYTES = 512 << 20
"""Address space that stacks of threads take without using it."""
ADDRESS_BYTES = 4 << 30
"""Address space of all else that is not memory of the program's own: libraries, files that it maps, reservations."""

MAX_DESCRIPTOR = 256

IDLE_SECONDS = 0.1
"""The idle time after which a worker imports ahead: while many run, the processor has better work."""
COMMON = (
    "re collections functools itertools math string datetime random traceback linecache threading typing copy heapq "
    "json textwrap decimal hashlib statistics subprocess pathlib csv dataclasses asyncio"
).split()
"""Imported while there is nothing else to do: what most programs begin with."""

ORDER = struct.Struct(">QII")
"""The header of a program: the bytes of memory it may use, whether its state is kept, the length of its text."""
USED = struct.Struct(">Qdd")
WARM, DONE = b"w", b"."
"""Messages of the child: it has warmed up further, and has used so much memory at most, in KiB, and so much time,
in milliseconds, itself and by children; that a program of a session is done."""


END = _signal.SIGUSR1
"""Sent to the supervisor by a program that has reported and is about to end."""


def prepare():
    """Makes the interpreter an ordinary one; to be called before there is a child."""
    environment.prepare()
    paths = os.environ["PYTHONPATH"].split(":")
    sys.path += [path for path in paths if os.path.isdir(path) and os.listdir(path)]


def live(orders, progress, streams, report, with_data):
    """Runs the programs of this process and ends as they do. Never returns."""
    try:
        os.setsid()
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
        _close_all_but(3, orders, progress)
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
        limits.apply()
        _open_streams()
        if with_data:
            plots.preload()
        user_program.warm_up()
        _report_use(progress)
        _import_while_idle(orders, progress)
        memory_bytes, keep, code = _next_order(orders)
        limits.limit_one(resource.RLIMIT_DATA, memory_bytes + THREADS_BYTES)
        limits.limit_one(resource.RLIMIT_AS, memory_bytes + ADDRESS_BYTES)
        if not keep:
            os.close(orders)
            os.close(progress)
        # Not earlier: a file of the program must not shadow what we import, here or in the supervisor.
        sys.path.insert(0, user_program.WORK_DIR)
        namespace = user_program.new_main()
        before, children_before = _most_memory(), resource.getrusage(CHILDREN)
        if not keep:
            outcome = user_program.run(code, namespace, _run_coroutine, _finish)
            _write_report(report, {**outcome, "peak_memory_bytes": max(0, _most_memory() - before) * 1024})
            _announce_the_end(children_before)
            os._exit(outcome["exit_code"])
        stdin = os.dup(0)
        while True:
            cpu_before = _cpu_ms()
            outcome = user_program.run(code, namespace, _run_coroutine, _finish_one)
            usage = {"cpu_ms": _cpu_ms() - cpu_before, "peak_memory_bytes": max(0, _most_memory() - before) * 1024}
            _write_report(report, {**outcome, **usage})
            os.write(progress, DONE)
            _, _, code = _next_order(orders)
            os.dup2(stdin, 0)
            sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)
    except BaseException:
        os._exit(70)


def _close_all_but(first, *kept):
    for fd in sorted(kept):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, MAX_DESCRIPTOR)


def _open_streams():
    sys.stdout = sys.__stdout__ = user_program.open_output(1)
    sys.stderr = sys.__stderr__ = user_program.open_output(2)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", errors="replace", closefd=False)
    sys.argv = [user_program.USER_FILE]
    _signal.set_wakeup_fd(-1)
    for number in (_signal.SIGCHLD, END):
        _signal.signal(number, _signal.SIG_DFL)
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)


def _import_while_idle(orders, progress):
    wait = IDLE_SECONDS
    for name in COMMON:
        if select.select([orders], [], [], wait)[0]:
            return
        __import__(name)
        _report_use(progress)
        wait = 0


def _report_use(progress):
    os.write(progress, WARM + USED.pack(_most_memory(), *map(_time_of, (SELF, CHILDREN))))


def _next_order(orders):
    memory_bytes, keep, length = ORDER.unpack(wire.read_exactly(orders, ORDER.size))
    return memory_bytes, bool(keep), wire.read_exactly(orders, length).decode("utf-8", "surrogatepass")


_loop = None


def _run_coroutine(coroutine):
    global _loop
    asyncio = user_program.import_ours("asyncio")
    if _loop is None:
        _loop = asyncio.new_event_loop()
        asyncio.set_event_loop(_loop)
    return _loop.run_until_complete(coroutine)


def _finish_one():
    """Ends a program whose session goes on."""
    if "matplotlib.pyplot" in sys.modules:
        plots.save_open_figures()
    sys.stdout.flush()
    sys.stderr.flush()


def _finish():
    """Does what an interpreter does at its end, after saving the figures: matplotlib closes them then."""
    _finish_one()
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    user_program.import_ours("atexit")._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()


def _announce_the_end(children_before):
    """Tells the supervisor not to wait: giving memory back takes a process longer than most programs run."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        if resource.getrusage(CHILDREN) == children_before:
            os.kill(os.getppid(), END)


SELF, CHILDREN = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN


def _time_of(who):
    """Processor time in milliseconds."""
    usage = resource.getrusage(who)
    return (usage.ru_utime + usage.ru_stime) * 1000


def _cpu_ms():
    return _time_of(SELF) + _time_of(CHILDREN)


def _most_memory():
    """In KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _write_report(memory, outcome):
    data = wire.to_json(outcome)
    memory[4 : 4 + len(data)] = data
    memory[:4] = struct.pack("<I", len(data))
