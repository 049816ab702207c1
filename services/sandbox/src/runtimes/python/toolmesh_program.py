"""Runs the text of a program as `__main__` and describes how it ended, as an interpreter would show it.

Shared by every isolation that Python runs in. Nothing here is protected from the program, which may replace whatever
it likes: it is the only one to run in its interpreter, and its report is believed of itself alone.
"""

import builtins
import sys

USER_FILE = "main.py"
"""The name of a program in tracebacks; later ones of a session are called main.py#2 and on."""
WORK_DIR = "/work"
MAX_TEXT = 200 * 1024
_ONLY_AST, _TOP_LEVEL_AWAIT, _COROUTINE = 0x400, 0x2000, 0x80
"""ast.PyCF_ONLY_AST, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, inspect.CO_COROUTINE: the modules cost more than most programs."""


def new_main():
    """Makes a fresh `__main__` and puts it in place."""
    main = type(sys)("__main__")
    main.__dict__.update(__builtins__=builtins, __file__=USER_FILE)
    sys.modules["__main__"] = main
    return main.__dict__


def warm_up():
    """Uses once what every program needs and what is slow the first time."""
    execute("0", USER_FILE, {}, None)


def import_ours(name):
    """Imports a module of the standard library, whatever a program has put into its working directory."""
    path = sys.path
    sys.path = [place for place in path if place != WORK_DIR]
    try:
        return __import__(name)
    finally:
        sys.path = path


_runs = 0
_sources = {}
"""The programs so far, by the names that tracebacks give them."""


class _Source:
    """Gives `linecache` the lines of a program when that module is imported."""

    def __init__(self, code):
        self._code = code

    def get_source(self, _name):
        return self._code


def run(code, namespace, run_coroutine, finish, explain=lambda error: error):
    """Runs `code` in `namespace`, then `finish`; returns a dict: result, error, exit_code, out_of_memory."""
    global _runs
    _runs += 1
    name = USER_FILE if _runs == 1 else f"{USER_FILE}#{_runs}"
    result, failure = None, None
    try:
        _sources[name] = code
        if _runs == 1:
            namespace["__loader__"] = _Source(code)
        if "linecache" in sys.modules:
            _remember_lines(code, name)
        value = execute(code, name, namespace, run_coroutine)
        result = None if value is None else _bounded(repr(value))
    except BaseException as error:
        failure = explain(error)
    try:
        finish()
    except BaseException as error:
        failure = failure or error
    return {"result": None if failure else result, **_describe(failure)}


def execute(code, name, namespace, run_coroutine):
    """Runs all statements; returns the value of the last one where that is an expression."""
    tree = compile(code, name, "exec", _ONLY_AST, dont_inherit=True)
    last = None
    if tree.body and type(tree.body[-1]).__name__ == "Expr":
        last = _expression(tree.body.pop().value)
    _evaluate(tree, name, "exec", namespace, run_coroutine)
    return None if last is None else _evaluate(last, name, "eval", namespace, run_coroutine)


def _expression(body):
    tree = compile("0", USER_FILE, "eval", _ONLY_AST, dont_inherit=True)
    tree.body = body
    return tree


def _evaluate(tree, name, mode, namespace, run_coroutine):
    compiled = compile(tree, name, mode, _TOP_LEVEL_AWAIT, dont_inherit=True)
    value = eval(compiled, namespace)
    return run_coroutine(value) if compiled.co_flags & _COROUTINE else value


def _remember_lines(code, name):
    """Tracebacks show source lines from here; an entry without a time is never checked against a file."""
    linecache = import_ours("linecache")
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)


def _describe(failure):
    if failure is None or (isinstance(failure, SystemExit) and failure.code in (None, 0)):
        return {"error": None, "exit_code": 0, "out_of_memory": False}
    exits = isinstance(failure, SystemExit)
    trace = "" if exits else _bounded(format_error(failure))
    _print_error(trace if not exits else "" if isinstance(failure.code, int) else f"{_text_of(failure.code)}\n")
    return {
        "error": {"type": type(failure).__qualname__[:200], "message": _bounded(_text_of(failure)), "traceback": trace},
        "exit_code": _exit_code(failure),
        "out_of_memory": isinstance(failure, MemoryError),
    }


def _print_error(text):
    try:
        sys.__stderr__.write(text)
    except BaseException:
        pass  # The program closed it; the report has the error, too.


def _exit_code(failure):
    if isinstance(failure, SystemExit):
        return failure.code & 0xFF if isinstance(failure.code, int) else 1
    return 130 if isinstance(failure, KeyboardInterrupt) else 1


def _text_of(value):
    try:
        return str(value)
    except BaseException:
        return "<the message could not be made>"


def _bounded(text):
    """Cuts the middle out of a text of more than MAX_TEXT characters; the service cuts what it shows to bytes."""
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT // 2]}\n[... {len(text) - MAX_TEXT} characters left out ...]\n{text[-MAX_TEXT // 2 :]}"


def format_error(failure):
    """Formats a traceback as an interpreter prints it, with the user's own lines only."""
    try:
        traceback = import_ours("traceback")
        for name, code in _sources.items():
            _remember_lines(code, name)
        summary = traceback.TracebackException.from_exception(failure)
        _keep_user_frames(traceback, summary, set())
        return "".join(summary.format())
    except BaseException:
        return f"{type(failure).__qualname__}: {_text_of(failure)}\n"


def _keep_user_frames(traceback, summary, seen):
    if summary is None or id(summary) in seen:
        return
    seen.add(id(summary))
    frames = [frame for frame in summary.stack if frame.filename.startswith((USER_FILE, WORK_DIR))]
    summary.stack = traceback.StackSummary.from_list(frames)
    others = (summary.__cause__, summary.__context__, *(getattr(summary, "exceptions", None) or ()))
    for other in others:
        _keep_user_frames(traceback, other, seen)


def open_output(fd):
    """Opens an output stream unbuffered, as `python -u`: what was printed before a time-out is not lost."""
    import io

    return io.TextIOWrapper(io.FileIO(fd, "w", closefd=False), "utf-8", "backslashreplace", write_through=True)
