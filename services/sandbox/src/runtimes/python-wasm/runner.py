"""Runs programs in Pyodide, each as `__main__`, and reports as JSON how it ended.

Loaded into the interpreter before its memory is saved, so that a worker starts with everything here imported.
"""

import asyncio
import atexit
import builtins
import json
import linecache
import os
import random
import sys
import time
import traceback

import toolmesh_display as display
import toolmesh_environment as environment
import toolmesh_plots as plots
import toolmesh_program as user_program

# Not used here, but in most programs: imported once, saved with the interpreter.
import collections, datetime, decimal, functools, hashlib, inspect, itertools, math, re, statistics, string, textwrap  # noqa

_host_sleep = None
"""Waits for a number of milliseconds; set by the owner of the interpreter."""


def _sleep(seconds):
    """time.sleep that waits instead of counting the milliseconds at full load."""
    seconds = float(seconds)
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    _host_sleep(seconds * 1000)


class _Loop(asyncio.BaseEventLoop):
    """An event loop for one thread without sockets: timers and callbacks, which is what a program here can have."""

    def __init__(self):
        super().__init__()
        self._selector = self

    def select(self, timeout):
        # Nothing left to wake us: the program waits for something that cannot come, until its time is up.
        time.sleep(3600 if timeout is None else max(timeout, 0))
        return []

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass


class _LoopPolicy(asyncio.events._AbstractEventLoopPolicy):
    def __init__(self):
        self._loop = None

    def get_event_loop(self):
        if self._loop is None:
            self._loop = self.new_event_loop()
        return self._loop

    def set_event_loop(self, loop):
        self._loop = loop

    def new_event_loop(self):
        return _Loop()


def prepare():
    """Makes the interpreter an ordinary one. Called once, before its memory is saved."""
    time.sleep = _sleep
    sys.dont_write_bytecode = True
    os.system = _no_processes
    environment.prepare()


WAY_OUT = "isolation wasm has none: the sandbox has them in namespaces, where bubblewrap and python3 are installed"


def _no_processes(command):
    """os.system, which would return -1 and leave it at that."""
    raise OSError(138, f"no process for the command {command!r}: {WAY_OUT}")


def start(host_sleep, host_display):
    """Prepares a restored interpreter: nothing random may be the same in two workers."""
    global _host_sleep
    _host_sleep = host_sleep

    def send(data):
        host_display(data.decode())
        return True

    display.connect(send)
    asyncio.events._set_running_loop(None)
    asyncio.events._set_event_loop_policy(_LoopPolicy())
    sys.stdout = sys.__stdout__ = user_program.open_output(1)
    sys.stderr = sys.__stderr__ = user_program.open_output(2)
    random.seed()
    os.environ.clear()
    os.environ.update(HOME=user_program.WORK_DIR, LANG="C.UTF-8", PATH="/usr/bin", USER="sandbox", LOGNAME="sandbox")
    sys.argv = [user_program.USER_FILE]
    sys.path.insert(0, user_program.WORK_DIR)
    _warm()


def _warm():
    """Runs once what every program needs: the engine compiles machine code at the first use of each part."""
    try:
        user_program.execute("def f(n):\n    return {n: [str(n)]}\nf(1)\nf(2)['x']", "warm", {"__builtins__": builtins}, None)
    except KeyError as error:
        json.dumps(user_program.format_error(error))
    sys.stdout.write("")


_session = None
"""The `__main__` that programs share which follow each other."""

missing = ()
"""Names of modules that no package brings here; set by the owner of the interpreter."""


def run(code, keep=False):
    """Runs `code` and returns a JSON object: result, error, exit_code, signal, out_of_memory.

    With `keep` it finds in `__main__` what earlier programs have left there, and leaves it to later ones.
    """
    global _session
    if _session is not None:
        # What the program before was given and has not read is not for this one.
        sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)
    namespace = _session or user_program.new_main()
    if keep:
        _session = namespace
    outcome = user_program.run(code, namespace, _run_coroutine, _flush if keep else _finish, _explain_missing)
    return json.dumps({**outcome, "signal": None})


def _run_coroutine(coroutine):
    return asyncio.get_event_loop_policy().get_event_loop().run_until_complete(coroutine)


def _explain_missing(error):
    try:
        _say_what_is_missing(error)
    except BaseException:
        pass  # The program's own exceptions may fail at being read.
    return error


def _say_what_is_missing(error):
    name = str(error.name).partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if name in missing:
        error.msg += f": {name} is not available at isolation wasm, which has the standard library and pure Python packages"
    elif name == "_multiprocessing":
        error.msg += f": processes: {WAY_OUT}"
    elif isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        error.args = (f"this Python has no threads: {WAY_OUT}. asyncio works",)
    elif isinstance(error, OSError) and "does not support processes" in str(error):
        error.strerror = f"emscripten does not support processes: {WAY_OUT}"
    elif "using the 'C' locale" in str(error):
        error.args = (f"{error.args[0]} Locales: {WAY_OUT}",)


def _finish():
    """Does what an interpreter does at its end."""
    atexit._run_exitfuncs()
    _flush()


def _flush():
    if "matplotlib.pyplot" in sys.modules:
        plots.save_open_figures()
    sys.stdout.flush()
    sys.stderr.flush()
