"""Lets interpreters that a program starts find what it has: its packages, and its own functions and classes.

The interpreter of a program runs isolated and has no file of the program. `subprocess` would pass the former on to
children of `multiprocessing` and of libraries like it, and those import the main module of their parent from its file.
"""

import os
import sys

import toolmesh_hooks as hooks
import toolmesh_program as user_program

FOLDER = "/tmp/program"
MAIN = f"{FOLDER}/main.py"
"""The main module of children, written when the first is started."""
ISOLATING = ("-I", "-S")


def prepare():
    """Sees to both modules as they are imported; to be called once, before the first program."""
    hooks.after_import("subprocess", _pass_on_the_path)
    hooks.after_import("multiprocessing.spawn", _give_a_main_module)


def _pass_on_the_path(subprocess):
    flags = subprocess._args_from_interpreter_flags
    subprocess._args_from_interpreter_flags = lambda: [flag for flag in flags() if flag not in ISOLATING]


def _give_a_main_module(spawn):
    preparation_data = spawn.get_preparation_data

    def with_main_module(name):
        data = preparation_data(name)
        main = sys.modules.get("__main__")
        if getattr(main, "__file__", None) == user_program.USER_FILE and "init_main_from_name" not in data:
            _write_main()
            data["init_main_from_path"] = MAIN
        return data

    spawn.get_preparation_data = with_main_module


_written = None


def _write_main():
    global _written
    programs = user_program.sources()
    if programs == _written and os.path.exists(MAIN):
        return
    os.makedirs(FOLDER, exist_ok=True)
    unfinished = f"{MAIN}.{os.getpid()}"
    with open(unfinished, "w") as file:
        file.write(f"import toolmesh_children\n\ntoolmesh_children.define(globals(), {ascii(programs)})\n")
    # Another child may be reading it.
    os.replace(unfinished, MAIN)
    _written = programs


def define(namespace, programs):
    """Defines in a child what its parent's programs have: `programs` are their texts by their names, in order.

    The latest runs as any main module of a child does if it asks for its `__name__`. Of others, which would start
    children of their own, imports, functions, classes and variables are taken, as far as they can be had.
    """
    last = list(programs)[-1]
    for name, code in programs.items():
        user_program.remember_lines(code, name)
        statements = user_program.statements(code, name)
        if name == last and any(_asks_for_its_name(statement) for statement in statements):
            exec(_compile(statements, name), namespace)
        else:
            _define_each(namespace, statements, name)


def _define_each(namespace, statements, name):
    flags = 0
    for statement in statements:
        if not _defines(statement):
            continue
        try:
            exec(_compile([statement], name, flags), namespace)
        except Exception:
            continue  # It needs what has been left out, or starts processes.
        flags |= _flags_of(statement)


def _compile(statements, name, flags=0):
    import ast

    return compile(ast.Module(statements, []), name, "exec", flags, dont_inherit=True)


def _flags_of(statement):
    """Returns the flags of the compiler that a statement `from __future__ import` sets for those that follow."""
    import __future__

    if getattr(statement, "module", None) != "__future__":
        return 0
    return sum(getattr(__future__, alias.name).compiler_flag for alias in statement.names)


def _asks_for_its_name(statement):
    import ast

    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


def _defines(statement):
    """Returns true for a statement that defines names and, as far as can be seen, does nothing else."""
    import ast

    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass)):
        return True
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return not any(_is_seen_outside(node) for node in ast.walk(statement))
    if isinstance(statement, (ast.If, ast.Try)):
        handlers = [inner for handler in getattr(statement, "handlers", ()) for inner in handler.body]
        parts = (statement.body, statement.orelse, getattr(statement, "finalbody", []), handlers)
        return all(_defines(inner) for part in parts for inner in part)
    return False


def _is_seen_outside(node):
    """Returns true for a call that reads the program's input or writes to a file."""
    import ast

    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    if node.func.id == "open":
        modes = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
        return any(set("wax+") & set(str(getattr(mode, "value", "w"))) for mode in modes)
    return node.func.id == "input"
