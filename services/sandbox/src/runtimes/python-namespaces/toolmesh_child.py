"""The process that a program runs in: a fork of the supervisor (`worker.py`), made ahead of it and warmed up.

It has its standard streams and, until its one program begins, a pipe that brings the program and one that tells the
supervisor how far it is; a session keeps both. What it reports goes through memory that both share.
"""

import os
import resource
import select
import struct
import sys

import _signal

import toolmesh_plots as plots
import toolmesh_program as user_program
import toolmesh_wire as wire

PROCESSES = 64
"""Processes and threads together, the supervisor included."""
OPEN_FILES = 256
FILE_BYTES = 64 << 20
THREADS_BYTES = 512 << 20
"""Address space that stacks of threads take without using it."""

IDLE_SECONDS = 0.1
"""How long nothing has to be asked of a worker before it imports ahead: while many run, there is better to do."""
COMMON = (
    "re collections functools itertools math string datetime random traceback linecache threading typing copy heapq "
    "json textwrap decimal hashlib statistics subprocess pathlib csv dataclasses asyncio"
).split()
"""Imported while there is nothing else to do: what most programs begin with."""

ORDER = struct.Struct(">QII")
"""What comes before a program: the bytes of memory it may use, whether its state is kept, the length of its text."""
MEMORY = struct.Struct(">Q")
WARM, DONE = b"w", b"."
"""What the child tells: that it has warmed up further, with the most memory it has had so far in KiB; that a program
of a session is done."""


def live(orders, tell, streams, report, with_data):
    """Never returns: this process is the program's, and ends as it does."""
    try:
        os.setsid()
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
        _close_all_but(3, orders, tell)
        _limit()
        _open_streams()
        _warm_up(with_data)
        _tell_memory(tell)
        _import_while_idle(orders, tell)
        memory_bytes, keep, code = _next_order(orders)
        _limit_one(resource.RLIMIT_DATA, memory_bytes + THREADS_BYTES)
        if not keep:
            os.close(orders)
            os.close(tell)
        namespace = user_program.new_main()
        if not keep:
            outcome = user_program.run(code, namespace, _run_coroutine, _finish)
            _write_report(report, outcome)
            os._exit(outcome["exit_code"])
        stdin = os.dup(0)
        before = _most_memory()
        while True:
            cpu_before = _cpu_ms()
            outcome = user_program.run(code, namespace, _run_coroutine, _finish_one)
            usage = {"cpu_ms": _cpu_ms() - cpu_before, "peak_memory_bytes": max(0, _most_memory() - before) * 1024}
            _write_report(report, {**outcome, **usage})
            os.write(tell, DONE)
            _, _, code = _next_order(orders)
            os.dup2(stdin, 0)
            sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)
    except BaseException:
        os._exit(70)


def _close_all_but(first, *kept):
    for fd in sorted(kept):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, OPEN_FILES)


def _limit():
    """Limits of one process, hard ones: the service watches what all of them use together."""
    for what, limit in (
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        _limit_one(what, limit)


def _limit_one(what, limit):
    resource.setrlimit(what, (limit, limit))


def _open_streams():
    sys.stdout = sys.__stdout__ = user_program.open_output(1)
    sys.stderr = sys.__stderr__ = user_program.open_output(2)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", errors="replace", closefd=False)
    sys.argv = [user_program.USER_FILE]
    _signal.set_wakeup_fd(-1)
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)


def _warm_up(with_data):
    """What every program needs."""
    import builtins

    from _sitebuiltins import Quitter

    # They come with the module `site`, which this interpreter starts without.
    builtins.exit, builtins.quit = Quitter("exit", ""), Quitter("quit", "")
    sys.path.insert(0, user_program.WORK_DIR)
    sys.path += [path for path in os.environ["PYTHONPATH"].split(":") if os.path.isdir(path)]
    if with_data:
        plots.preload()
    user_program.warm_up()


def _import_while_idle(orders, tell):
    wait = IDLE_SECONDS
    for name in COMMON:
        if select.select([orders], [], [], wait)[0]:
            return
        __import__(name)
        _tell_memory(tell)
        wait = 0


def _tell_memory(tell):
    os.write(tell, WARM + MEMORY.pack(_most_memory()))


def _next_order(orders):
    memory_bytes, keep, length = ORDER.unpack(wire.read_exactly(orders, ORDER.size))
    return memory_bytes, bool(keep), wire.read_exactly(orders, length).decode("utf-8", "surrogatepass")


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


def _cpu_ms():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used) * 1000


def _most_memory():
    """In KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _write_report(memory, outcome):
    data = wire.to_json(outcome)
    memory[4 : 4 + len(data)] = data
    memory[:4] = struct.pack("<I", len(data))
