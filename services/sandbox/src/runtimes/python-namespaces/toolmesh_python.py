"""Programs in Python: the process of one is a fork of its supervisor, which is a fork of the launcher where there is one.

What is imported and made before the fork is shared by all programs of a launcher, as it was then: each has its own copy
as soon as it writes. What must not be shared, the state of generators of random numbers, is made anew in `live`.
"""

import gc
import os
import resource
import select
import sys

import _signal
import _thread

import toolmesh_channel as channel
import toolmesh_children as children
import toolmesh_display as display
import toolmesh_environment as environment
import toolmesh_hooks as hooks
import toolmesh_interpreter as interpreters
import toolmesh_plots as plots
import toolmesh_program as user_program
import toolmesh_wire as wire

IDLE_SECONDS = 0.1
"""The idle time after which a worker imports ahead: while many run, the processor has better work."""
COMMON = (
    "re collections functools itertools math string datetime random traceback linecache threading typing copy heapq "
    "json textwrap decimal hashlib statistics subprocess pathlib csv dataclasses asyncio atexit tempfile"
).split()
"""Modules that most programs begin with: imported by the launcher; elsewhere while there is nothing else to do."""


def prepare_launcher(arguments):
    """Imports what the programs of a launcher begin with: `data` for the libraries of the base layer, too."""
    prepare(arguments)
    for name in COMMON:
        __import__(name)
    # What is there now stays: a collection need not look at it, nor copy it by doing so.
    gc.collect()
    gc.freeze()


STACK_BYTES = 4 << 20
"""Of each thread but the first: those of 128 threads fit into the room for stacks (`toolmesh_interpreter.py`)."""

_is_warm = False


def prepare(arguments):
    """Makes the interpreter an ordinary one; to be called before there is a process for the program."""
    global _is_warm
    if not _is_warm:
        _thread.stack_size(STACK_BYTES)
        environment.prepare()
        children.prepare()
        hooks.after_import("pwd", _know_the_user)
        _set_import_path()
        if "data" in arguments:
            plots.preload()
        user_program.warm_up()
        _open_streams()
        _is_warm = True
    # A worker has folders of its own, and perhaps packages.
    _set_import_path()
    if "data" in arguments:
        os.makedirs(os.environ["MPLCONFIGDIR"], exist_ok=True)


def _know_the_user(pwd):
    """The user of a jail has a number that no other has, and no entry in a database: programs get one."""
    entry_of_number, entry_of_name = pwd.getpwuid, pwd.getpwnam

    def own():
        return pwd.struct_passwd((os.environ["USER"], "x", os.getuid(), os.getgid(), "", user_program.WORK_DIR, "/bin/sh"))

    pwd.getpwuid = lambda uid: own() if uid == os.getuid() else entry_of_number(uid)
    pwd.getpwnam = lambda name: own() if name == os.environ.get("USER") else entry_of_name(name)


PACKAGES = "/opt/packages"


def _set_import_path():
    places = os.environ["PYTHONPATH"].split(":")
    others = [place for place in sys.path if place not in places]
    # Packages may come while a session runs.
    sys.path[:] = others + [
        place for place in places if os.path.isdir(place) and (place == PACKAGES or os.listdir(place))
    ]


def live(pipes):
    """Runs the programs of this process and ends as they do. Never returns."""
    orders, progress = pipes.orders, pipes.progress
    channel.open_channel(pipes.channel)
    display.connect(_show)
    _renew_random_state()
    interpreters.report_use(progress)
    _import_while_idle(orders, progress)
    order = interpreters.next_order(orders)
    memory_bytes, keep, code = order["memory_bytes"], order["keep"], order["code"]
    interpreters.limit(memory_bytes)
    if not keep:
        os.close(orders)
        os.close(progress)
    # Not earlier: a file of the program must not shadow what we import, here or in the supervisor.
    sys.path.insert(0, user_program.WORK_DIR)
    namespace = user_program.new_main()
    before, children_before = _most_memory(), resource.getrusage(CHILDREN)
    if not keep:
        outcome = user_program.run(code, namespace, _run_coroutine, _finish)
        peak = max(0, _most_memory() - before) * 1024
        pipes.report.write({**outcome, "peak_memory_bytes": peak})
        _announce_the_end(children_before)
        os._exit(outcome["exit_code"])
    stdin = os.dup(0)
    while True:
        cpu_before = _cpu_ms()
        outcome = user_program.run(code, namespace, _run_coroutine, _finish_one)
        usage = {"cpu_ms": _cpu_ms() - cpu_before, "peak_memory_bytes": max(0, _most_memory() - before) * 1024}
        pipes.report.write({**outcome, **usage})
        # An interrupt that comes late is not for the next program.
        handler = _signal.signal(_signal.SIGINT, _signal.SIG_IGN)
        os.write(progress, interpreters.DONE)
        code = interpreters.next_order(orders)["code"]
        _signal.signal(_signal.SIGINT, _signal.default_int_handler if handler is None else handler)
        os.dup2(stdin, 0)
        sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)


def _show(data):
    """Sends what is displayed; returns false in a process that the program has started."""
    try:
        channel.show(data)
    except RuntimeError:
        return False
    return True


def _renew_random_state():
    """Makes anew what the programs of a launcher would have in common. `random` itself does so in forks; OpenSSL's numbers
    begin where they are first asked for, which is in the program: no launcher may do so, as forks have equal numbers."""
    modules = sys.modules
    if "numpy.random" in modules:
        modules["numpy.random"].seed()
    if "tempfile" in modules:
        modules["tempfile"]._name_sequence = None
    if "uuid" in modules:
        modules["uuid"]._node = modules["uuid"]._last_timestamp = None


def _open_streams():
    sys.stdout = sys.__stdout__ = user_program.open_output(1)
    sys.stderr = sys.__stderr__ = user_program.open_output(2)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", errors="replace", closefd=False)
    sys.argv = [user_program.USER_FILE]


def _import_while_idle(orders, progress):
    wait = IDLE_SECONDS
    for name in COMMON:
        if name in sys.modules:
            continue
        if select.select([orders], [], [], wait)[0]:
            return
        __import__(name)
        interpreters.report_use(progress)
        wait = 0


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
            os.kill(os.getppid(), interpreters.END)


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
