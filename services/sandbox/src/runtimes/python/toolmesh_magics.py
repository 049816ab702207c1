"""The magics of notebooks, as far as there is something that they can do here; the others are refused in words."""

import os
import sys

import toolmesh_display as display_module
import toolmesh_program as user_program

PYTHON_MAGICS = ("time", "timeit", "prun", "pinfo", "pinfo2", "who", "whos", "who_ls", "reset", "matplotlib", "psearch")
"""Those whose line is Python of the program's own: nothing is filled in."""

SHELL_SECONDS = 3_600
TIMEIT_SECONDS = 1.0


class UsageError(Exception):
    """A magic that there is not, or that cannot be used so."""


def _names():
    return sys.modules["__main__"].__dict__


def fill_in(text):
    """Fills in `{expression}` and `$name` from the program's variables, as IPython does."""
    import re

    names = _names()

    def value_of(match):
        doubled, expression, name = match.groups()
        if doubled:
            return doubled[0]
        try:
            return str(eval(expression or name, names))
        except Exception:
            return match.group(0)

    return re.sub(r"(\{\{|\}\}|\$\$)|\{([^{}\n:]+)\}|\$([A-Za-z_]\w*)", value_of, text)


# --- shell ---


def system(command):
    """Runs a line of shell; its output is the program's."""
    answer = answer_to_pip(command)
    if answer is not None:
        print(answer)
        return
    _shell(command, capture=False)


def getoutput(command):
    """Runs a line of shell; returns the lines that it prints."""
    answer = answer_to_pip(command)
    text = answer if answer is not None else _shell(command, capture=True)
    return Lines(text.splitlines())


class Lines(list):
    """The output of a command: its lines, or all of it as `.s` and `.n`."""

    s = property(" ".join)
    n = property("\n".join)
    l = property(list)


def _shell(command, capture, given=None, program=None):
    try:
        subprocess = user_program.import_ours("subprocess")
        shell = program or ["/bin/bash" if os.path.exists("/bin/bash") else "/bin/sh", "-c", command]
        sys.stdout.flush()
        done = subprocess.run(
            shell,
            input=given,
            stdin=None if given is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture or not _is_real(sys.stdout) else None,
            stderr=subprocess.STDOUT if capture or not _is_real(sys.stdout) else None,
            text=True,
            errors="replace",
            timeout=SHELL_SECONDS,
        )
    except (ImportError, OSError) as error:
        raise UsageError(f"there are no other programs here to run a line of shell: {error}") from None
    if done.stdout and not capture:
        print(done.stdout, end="")
    _names()["_exit_code"] = done.returncode
    return done.stdout or ""


def _is_real(stream):
    try:
        return stream.fileno() == 1
    except Exception:
        return False


# --- packages ---


def answer_to_pip(command):
    """Returns what to say instead of running an installer; nothing for other commands."""
    import re

    match = re.match(
        r"^\s*(?:sudo\s+)?(?:\S*python[\d.]*\s+-m\s+)?(pip3?|uv\s+pip|conda|mamba|apt|apt-get)\s+(?:-\S+\s+)*"
        r"(install|uninstall|list|freeze|show)\b([^|;&]*)",
        command,
    )
    if match is None:
        return None
    tool, action, rest = match.groups()
    if tool.startswith("apt"):
        return f"{tool} cannot be used in the sandbox: programs of the system are those that it has."
    if action in ("list", "freeze"):
        return "\n".join(f"{name}=={version}" for name, version in sorted(_installed().items()))
    names = [word for word in re.findall(r"[\w.\-\[\],=<>!~]+", rest) if not word.startswith("-")]
    return answer_to_install(names)


def answer_to_install(names):
    """Says which packages there are, and how to get the others."""
    import re

    installed = _installed()
    lines, missing = [], []
    for spec in names:
        name = re.split(r"[\[=<>!~]", spec)[0]
        version = installed.get(re.sub(r"[-_.]+", "-", name.lower()))
        if version is not None:
            lines.append(f"Requirement already satisfied: {name} ({version})")
        elif name:
            missing.append(spec)
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing)
        lines.append(
            f"Not installed: {', '.join(missing)}. A program cannot install packages itself; call execute_code again with "
            f"packages: [{listed}], or install_package first."
        )
    return "\n".join(lines)


def _installed():
    metadata = __import__("importlib.metadata", fromlist=["distributions"])
    import re

    found = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found.setdefault(re.sub(r"[-_.]+", "-", name.lower()), distribution.version)
    return found


# --- magics of lines ---


def run_line(name, line):
    handler = _LINES.get(name)
    if handler is not None:
        return handler(line)
    if name in _SILENT:
        return None
    if name in _PROGRAMS:
        return system(f"{name} {line}")
    raise UsageError(_unknown("Line magic", f"%{name}", sorted(_LINES)))


def _unknown(what, name, known):
    return f"{what} {name} is not known here. There are: {', '.join(known)}."


_SILENT = (
    "matplotlib load_ext reload_ext autoreload config precision pylab gui autosave colors xmode autocall automagic "
    "doctest_mode pdb debug notebook page pprint alias rehashx logstart logstop tensorflow_version cd_hook"
).split()
_PROGRAMS = "ls cat mkdir rm rmdir cp mv head tail wc grep sort touch chmod find du df echo date".split()


def _pip(line):
    answer = answer_to_pip("pip " + line)
    print(answer if answer is not None else "pip: only install, list, freeze and show are answered here")


def _cd(line):
    target = os.path.expanduser(line.strip().strip("'\"") or "~")
    os.chdir(target)
    print(os.getcwd())


def _env(line):
    line = line.strip()
    if not line:
        return dict(os.environ)
    for sign in ("=", " "):
        name, found, value = line.partition(sign)
        if found:
            os.environ[name.strip()] = value.strip()
            print(f"env: {name.strip()}={value.strip()}")
            return None
    return os.environ.get(line)


def _run(line):
    import shlex

    words = [word for word in shlex.split(line)]
    while words and words[0].startswith("-"):
        words.pop(0)
    if not words:
        raise UsageError("%run needs the name of a file")
    path, before = words[0] if os.path.exists(words[0]) else f"{words[0]}.py", sys.argv
    with open(path, encoding="utf-8") as file:
        code = file.read()
    sys.argv = [path, *words[1:]]
    try:
        exec(compile(code, path, "exec"), {**_names(), "__name__": "__main__", "__file__": path} if "-i" not in line else _names())
    finally:
        sys.argv = before


def _time(line):
    return timed(lambda: _value_of(line))


def timed(run):
    """Runs something and prints the time that it took, as `%time`; returns its value."""
    time = __import__("time")
    wall, cpu = time.perf_counter(), time.process_time()
    value = run()
    print(f"CPU times: total: {_duration(time.process_time() - cpu)}\nWall time: {_duration(time.perf_counter() - wall)}")
    return value


def _value_of(line):
    try:
        compiled = compile(line, "<magic>", "eval")
    except SyntaxError:
        exec(compile(line, "<magic>", "exec"), _names())
        return None
    return eval(compiled, _names())


def _timeit(line):
    options, code = timeit_options(line)
    timeit(compile(code or "pass", "<timeit>", "exec"), **options)


def timeit_options(line):
    import re

    options = {}
    while True:
        match = re.match(r"\s*-([nr])\s*(\d+)\s*|\s*-([qocpt])(?:\s*\d+)?\s+", line)
        if match is None:
            return options, line.strip()
        if match.group(1):
            options[{"n": "loops", "r": "repeat"}[match.group(1)]] = max(1, int(match.group(2)))
        line = line[match.end() :]


def timeit(compiled, loops=None, repeat=7):
    """Runs code again and again, for a second or so, and prints the mean time of a run."""
    time = __import__("time")
    names = _names()

    def run(count):
        started = time.perf_counter()
        for _ in range(count):
            exec(compiled, names)
        return time.perf_counter() - started

    if loops is None:
        loops, took = 1, run(1)
        while took < TIMEIT_SECONDS / 50 and loops < 10**7:
            loops *= 10
            took = run(loops)
        repeat = max(1, min(repeat, int(TIMEIT_SECONDS / max(took, 1e-9))))
    runs = [run(loops) / loops for _ in range(repeat)]
    mean = sum(runs) / len(runs)
    deviation = (sum((one - mean) ** 2 for one in runs) / len(runs)) ** 0.5
    print(
        f"{_duration(mean)} \u00b1 {_duration(deviation)} per loop (mean \u00b1 std. dev. of {len(runs)} runs, {loops:,} loops each)"
    )


def _duration(seconds):
    for unit, scale in (("s", 1), ("ms", 1e3), ("\u00b5s", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _info(line):
    inspect, name = __import__("inspect"), line.strip().strip("?")
    try:
        value = eval(name, _names())
    except Exception:
        print(f"Object `{name}` not found.")
        return
    parts = []
    try:
        parts.append(f"Signature: {name}{inspect.signature(value)}")
    except (TypeError, ValueError):
        parts.append(f"String form: {str(value)[:200]}")
    parts += [f"Type:      {type(value).__name__}", f"Docstring:\n{inspect.getdoc(value) or '<no docstring>'}"]
    print("\n".join(parts))


def _variables():
    modules = type(sys)
    hidden = ("get_ipython", "exit", "quit")
    return sorted(
        name for name, value in _names().items() if not name.startswith("_") and name not in hidden and not isinstance(value, modules)
    )


def _who(_line):
    print("   ".join(_variables()) or "Interactive namespace is empty.")


def _whos(_line):
    rows = [("Variable", "Type", "Data/Info"), *((name, type(_names()[name]).__name__, _short(_names()[name])) for name in _variables())]
    widths = [max(len(row[i]) for row in rows) + 4 for i in range(2)]
    for name, kind, text in rows:
        print(f"{name:<{widths[0]}}{kind:<{widths[1]}}{text}")


def _short(value):
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def _reset(_line):
    for name in _variables():
        del _names()[name]


def _magics(_line):
    print("Lines: " + ", ".join(f"%{name}" for name in sorted(_LINES)))
    print("Cells: " + ", ".join(f"%%{name}" for name in sorted((*_CELLS, "time", "timeit", "capture"))))


def _load(line):
    with open(line.strip().split()[-1], encoding="utf-8") as file:
        print(file.read(), end="")


_LINES = {
    "pip": _pip,
    "conda": _pip,
    "mamba": _pip,
    "uv": lambda line: _pip(line.strip().removeprefix("pip ")),
    "cd": _cd,
    "pwd": lambda _: os.getcwd(),
    "env": _env,
    "set_env": _env,
    "run": _run,
    "time": _time,
    "timeit": _timeit,
    "prun": lambda line: _value_of(line),
    "pinfo": _info,
    "pinfo2": _info,
    "pdoc": _info,
    "who": _who,
    "who_ls": lambda _: _variables(),
    "whos": _whos,
    "reset": _reset,
    "lsmagic": _magics,
    "magic": _magics,
    "sx": getoutput,
    "system": getoutput,
    "load": _load,
    "pycat": _load,
    "history": lambda _: None,
    "hist": lambda _: None,
}


# --- magics of cells ---


def run_cell(name, line, body):
    """Runs a cell that is not Python of the program's own."""
    handler = _CELLS.get(name)
    if handler is None:
        raise UsageError(_unknown("Cell magic", f"%%{name}", sorted((*_CELLS, "time", "timeit", "capture"))))
    return handler(line, body)


def _script(command):
    def run(line, body):
        if command is None and not line:
            raise UsageError("%%script needs the name of a program")
        words = (line.split() if command is None else [command]) or ["bash"]
        _shell(None, capture=False, given=body, program=words)

    return run


def _write_file(line, body):
    words = line.split(None, 1)
    append = bool(words) and words[0] in ("-a", "--append")
    path = (words[1] if append else line).strip().strip("'\"")
    if not path:
        raise UsageError("%%writefile needs the name of a file")
    path = os.path.expanduser(path)
    verb = "Appending to" if append else "Overwriting" if os.path.exists(path) else "Writing"
    with open(path, "a" if append else "w", encoding="utf-8") as file:
        file.write(body if body.endswith("\n") or not body else f"{body}\n")
    print(f"{verb} {path}")


def _shown_as(kind):
    return lambda _line, body: display_module.publish({kind: body})


_CELLS = {
    "bash": _script("bash"),
    "sh": _script("sh"),
    "script": _script(None),
    "!": _script("bash"),
    "system": _script("bash"),
    "python": lambda line, body: exec(compile(body, "<cell>", "exec"), {"__name__": "__main__"}),
    "python3": lambda line, body: exec(compile(body, "<cell>", "exec"), {"__name__": "__main__"}),
    "writefile": _write_file,
    "file": _write_file,
    "html": _shown_as("text/html"),
    "HTML": _shown_as("text/html"),
    "markdown": _shown_as("text/markdown"),
    "latex": _shown_as("text/latex"),
    "svg": _shown_as("image/svg+xml"),
    "SVG": _shown_as("image/svg+xml"),
    "javascript": _shown_as("application/javascript"),
    "js": _shown_as("application/javascript"),
}


class Captured:
    """The output of a cell under `%%capture`."""

    def __init__(self, stdout, stderr):
        self.stdout, self.stderr, self.outputs = stdout, stderr, []

    def show(self):
        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)

    __call__ = show
    __str__ = property(lambda self: lambda: self.stdout)


def run_python_cell(name, argument, run):
    """Runs a cell of the program's own Python, `run()`, under a magic; returns its value."""
    if name == "time":
        return timed(run)
    if name == "capture":
        return _captured(argument, run)
    return run()


def _captured(argument, run):
    import io

    out, err = io.StringIO(), io.StringIO()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        run()
    finally:
        sys.stdout, sys.stderr = before
        name = next((word for word in argument.split() if not word.startswith("-")), None)
        if name is not None:
            _names()[name] = Captured(out.getvalue(), err.getvalue())
