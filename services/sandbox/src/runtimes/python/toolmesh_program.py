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
    main.__dict__.update(__builtins__=builtins, __file__=USER_FILE, get_ipython=_get_ipython)
    sys.modules["__main__"] = main
    return main.__dict__


def _get_ipython():
    """Stands in for IPython's; libraries do not find it, which would take this for a notebook."""
    return import_ours("toolmesh_ipython").shell


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
    if "toolmesh_display" in sys.modules:
        sys.modules["toolmesh_display"].begin()
    name = USER_FILE if _runs == 1 else f"{USER_FILE}#{_runs}"
    result, failure = None, None
    try:
        _sources[name] = code
        if _runs == 1:
            namespace["__loader__"] = _Source(code)
        if "linecache" in sys.modules:
            remember_lines(code, name)
        value = execute(code, name, namespace, run_coroutine)
        if value is not None:
            result = bounded(repr(value))
            _show(value)
            _keep_value(namespace, value)
    except BaseException as error:
        failure = explain(error)
    try:
        finish()
    except BaseException as error:
        failure = failure or error
    return {"result": None if failure else result, **_describe(failure)}


def execute(code, name, namespace, run_coroutine):
    """Runs all statements; returns the value of the last one where that is an expression and no semicolon follows."""
    tree = None
    try:
        # With the prompts of a notebook it is Python, too, but none that anybody means.
        tree = None if code.startswith("In [") else _parse(code, name)
    except SyntaxError:
        pass
    if tree is not None:
        return _execute_tree(tree, code, name, (namespace, run_coroutine))
    cells = import_ours("toolmesh_notebook").read(code, name, _parse)
    return _execute_cells(cells, name, namespace, run_coroutine)


def sources():
    """Returns the texts of the programs so far, by the names that tracebacks give them."""
    return dict(_sources)


def statements(code, name):
    """Returns the statements of a program, without magics; none where it is not Python at all."""
    try:
        try:
            return _parse(code, name).body
        except SyntaxError:
            cells = import_ours("toolmesh_notebook").read(code, name, _parse)
            return [statement for cell in cells if cell.magic is None for statement in cell.tree.body]
    except SyntaxError:
        return []


def _parse(code, name):
    return compile(code, name, "exec", _ONLY_AST, dont_inherit=True)


def _execute_tree(tree, code, name, context):
    last = None
    if tree.body and type(tree.body[-1]).__name__ == "Expr":
        node = tree.body.pop().value
        last = _expression(node)
        is_silent = _is_silent(code, node)
    _evaluate(tree, name, "exec", *context)
    if last is None:
        return None
    value = _evaluate(last, name, "eval", *context)
    return None if is_silent else value


def _is_silent(code, last):
    """Returns true when a semicolon ends the last expression: a notebook does not show its value then."""
    if ";" not in code[code.rfind("\n", 0, len(code.rstrip())) + 1 :]:
        return False
    lines = code.replace("\r\n", "\n").replace("\r", "\n").split("\n")[last.end_lineno - 1 :]
    lines[0] = lines[0].encode("utf-8", "surrogatepass")[last.end_col_offset :].decode("utf-8", "surrogatepass")
    return "\n".join(lines).lstrip(") \t\n").startswith(";")


def _execute_cells(cells, name, namespace, run_coroutine):
    """Runs the parts of a notebook's cell; the value is the last one's."""
    value = None
    for cell in cells:
        if cell.magic is None:
            value = _execute_tree(cell.tree, cell.text, name, (namespace, run_coroutine))
            continue
        magics = import_ours("toolmesh_magics")
        if not cell.text:
            value = magics.run_cell(cell.magic, cell.argument, cell.body)
        elif cell.magic == "timeit":
            options, setup = magics.timeit_options(cell.argument)
            exec(compile(setup, name, "exec"), namespace)
            value = magics.timeit(compile(cell.tree, name, "exec", dont_inherit=True), **options)
        else:
            run = lambda: _execute_tree(cell.tree, cell.text, name, (namespace, run_coroutine))  # noqa
            value = magics.run_python_cell(cell.magic, cell.argument, run)
    return value


def _show(value):
    """Shows what a notebook would show by more than text: most values are not even looked at."""
    if type(value).__module__ != "builtins":
        import_ours("toolmesh_display").show_value(value)


_kept = None


def _keep_value(namespace, value):
    """Keeps the value as `_` for later programs of a session, unless the program has a `_` of its own."""
    global _kept
    if namespace.get("_") is _kept:
        namespace["_"] = _kept = value


def _expression(body):
    tree = compile("0", USER_FILE, "eval", _ONLY_AST, dont_inherit=True)
    tree.body = body
    return tree


def _evaluate(tree, name, mode, namespace, run_coroutine):
    compiled = compile(tree, name, mode, _TOP_LEVEL_AWAIT, dont_inherit=True)
    value = eval(compiled, namespace)
    return run_coroutine(value) if compiled.co_flags & _COROUTINE else value


def remember_lines(code, name):
    """Gives tracebacks the lines of a program; an entry without a time is never checked against a file."""
    linecache = import_ours("linecache")
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)


def _describe(failure):
    if failure is None or (isinstance(failure, SystemExit) and failure.code in (None, 0)):
        return {"error": None, "exit_code": 0, "out_of_memory": False}
    exits = isinstance(failure, SystemExit)
    trace = "" if exits else bounded(format_error(failure))
    _print_error(trace if not exits else "" if isinstance(failure.code, int) else f"{_text_of(failure.code)}\n")
    return {
        "error": {"type": type(failure).__qualname__[:200], "message": bounded(_text_of(failure)), "traceback": trace},
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


def bounded(text, limit=MAX_TEXT):
    """Cuts the middle out of a text of more than `limit` characters; the service cuts what it shows to bytes."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]}\n[... {len(text) - limit} characters left out ...]\n{text[-limit // 2 :]}"


def format_error(failure):
    """Formats a traceback as an interpreter prints it, with the user's own lines only."""
    try:
        traceback = import_ours("traceback")
        for name, code in _sources.items():
            remember_lines(code, name)
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
