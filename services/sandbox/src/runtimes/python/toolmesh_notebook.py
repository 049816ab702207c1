"""Reads what notebooks and models write around Python: magics, shell lines, fences, prompts, indentation, odd characters.

Only a program that does not parse as it is comes here. Each step changes as little as it can, never the inside of a
string, and keeps the number of every line, so that tracebacks name the user's own.
"""

import re

import toolmesh_program as user_program

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([\w+.#-]*)[^`\n]*$")
_PYTHON_LABELS = ("", "python", "python3", "py", "py3", "ipython", "ipython3", "jupyter", "tool_code", "code")
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.|In ?\[\d*\]:|\.{3,}:)(?: |$)")
_FIRST_PROMPT = re.compile(r"^[ \t]*(?:>>>|In ?\[\d*\]:)(?: |$)")
_OUT = re.compile(r"^[ \t]*Out ?\[\d*\]:")
_STRING = re.compile(r"[rRbBuUfFtT]{0,2}('''|\"\"\"|'|\")")
_CELL = re.compile(r"^%%(!|[A-Za-z_]\w*)[ \t]*(.*)$")
_PERCENT = re.compile(r"^%([A-Za-z_][\w.]*)[ \t]*(.*)$", re.S)
_ASSIGNED = re.compile(r"^([A-Za-z_][\w.]*(?:[ \t]*,[ \t]*[A-Za-z_][\w.]*)*[ \t]*=[ \t]*)(!|%(?=[A-Za-z_]))(.*)$", re.S)
_HELP = re.compile(r"^(?:\?{1,2}([A-Za-z_][\w.]*)|([A-Za-z_][\w.]*)\?{1,2})[ \t]*;?$")
_INSTALL = re.compile(r"^(?:python3? -m )?(?:pip3?|uv pip|conda|mamba|apt|apt-get) +(?:install|uninstall|list|show|freeze)\b.*$")
_SPACES = dict.fromkeys(map(ord, "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " ")
_NOTHING = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"), "")
_SIGNS = {ord("\u2212"): "-", ord("\uff08"): "(", ord("\uff09"): ")", ord("\uff0c"): ",", ord("\uff1a"): ":"}
_OPENING = {"\u201c": "\u201c\u201d\u201f\"", "\u201d": "\u201c\u201d\"", "\u2018": "\u2018\u2019'", "\u2019": "\u2018\u2019'"}


class Cell:
    """A part of a program: its text with the lines before it left empty, and the magic that it stands under, if any."""

    def __init__(self, text, magic=None, argument="", body=""):
        self.text, self.magic, self.argument, self.body = text, magic, argument, body
        self.tree = None


def read(code, name, parse):
    """Returns the cells of a program that does not parse as it is, each with its tree. Raises SyntaxError.

    `parse(text, name)` returns a tree.
    """
    text, found = code, None
    for step in (_without_marks, _without_fences, _without_prompts):
        changed = step(text)
        if changed != text:
            text = changed
            cells, error = _try([Cell(text)], name, parse)
            if error is None:
                return cells
            found = error
    cells, error = _read_magics(text, name, parse)
    if error is None:
        return cells
    if text != code or any(cell.magic or cell.text != text for cell in cells):
        found = error
    # Odd characters are replaced only where that makes all of it parse.
    plain = _with_plain_characters(text)
    if plain != text:
        cells, error = _read_magics(plain, name, parse)
        if error is None:
            return cells
    raise found or _first_error(code, name, parse)


def _first_error(code, name, parse):
    try:
        parse(code, name)
    except SyntaxError as error:
        return error
    return SyntaxError("invalid syntax")


def _read_magics(text, name, parse):
    cells, error = _try(_with_calls(_split(text)), name, parse)
    if error is None:
        return cells, None
    indented = _common_indentation(text)
    if not indented:
        return cells, error
    # Magics are recognised at any depth; a cell's magic stands at its beginning.
    others, _ = _try(_with_calls(_split(_without_indentation_of_cells(text, indented))), name, _parse_indented(parse, indented))
    return (others, None) if _ is None else (cells, error)


def _try(cells, name, parse):
    try:
        for cell in cells:
            cell.tree = parse(cell.text, name)
        return cells, None
    except SyntaxError as error:
        return cells, error


# --- marks, fences, prompts ---


def _without_marks(text):
    """Leaves out byte order marks at the beginning, and what ends a page."""
    return text.lstrip("\ufeff\u200b\u2060").rstrip("\ufeff\u200b\u2060\x00\x1a")


def _without_fences(text):
    """Keeps what stands in fences of Markdown, the Python ones where there are several kinds; the rest becomes empty lines."""
    lines = text.split("\n")
    blocks, open_fence = [], None
    for number, line in enumerate(lines):
        match = _FENCE.match(line.rstrip("\r"))
        if match is None:
            continue
        mark, label = match.groups()
        if open_fence is None:
            open_fence = (number, mark, label.lower())
        elif mark.startswith(open_fence[1]) and not label:
            blocks.append((open_fence[0], number, open_fence[2]))
            open_fence = None
    if open_fence is not None:
        # One that is never closed holds the rest; a lone one at the end closes what has no beginning.
        is_last = not "".join(lines[open_fence[0] + 1 :]).strip()
        blocks.append((-1, open_fence[0], "") if is_last and not blocks else (open_fence[0], len(lines), open_fence[2]))
    ours = [block for block in blocks if block[2] in _PYTHON_LABELS]
    labelled = [block for block in ours if block[2]]
    kept = labelled or ours
    if not kept:
        return text
    keep = {number for first, last, _ in kept for number in range(first + 1, last)}
    return "\n".join(line if number in keep else "" for number, line in enumerate(lines))


def _without_prompts(text):
    """Takes prompts of an interpreter off; output between them becomes empty lines."""
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if not _FIRST_PROMPT.match(first):
        return text
    is_shell = first.lstrip().startswith("In")
    kept = []
    inside = False
    for line in lines:
        match = _PROMPT.match(line)
        if match is not None:
            kept.append(line[match.end() :])
            inside = True
        elif is_shell and inside and line.strip() and not _OUT.match(line):
            kept.append(line)
        else:
            inside = inside and not _OUT.match(line) and is_shell and bool(line.strip())
            kept.append("")
    return "\n".join(kept)


# --- indentation ---


def _common_indentation(text):
    """Returns the indentation that all lines of a program have, at least all but the first."""
    lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        return ""
    first = _indentation(lines[0])
    if first:
        return first
    rest = [_indentation(line) for line in lines[1:]]
    return min(rest, key=len) if rest else ""


def _indentation(line):
    return line[: len(line) - len(line.lstrip(" \t"))]


def _without_indentation_of_cells(text, indentation):
    """Moves magics of cells to the beginning of their lines; the first line gets the indentation of the others."""
    lines = text.split("\n")
    number = next((n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), None)
    if number is not None and not _indentation(lines[number]) and not lines[number].startswith("%%"):
        lines[number] = indentation + lines[number]
    return "\n".join(line.lstrip() if line.lstrip().startswith("%%") else line for line in lines)


def _parse_indented(parse, _indentation_):
    """Parses an indented block where it stands: strings in it stay as they are."""

    def parse_block(text, name):
        first = next((line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")), "")
        if not _indentation(first):
            return parse(text, name)
        tree = parse("if 1:\n" + text, name)
        body = tree.body[0].body + tree.body[1:]
        _move_up(tree)
        tree.body = body
        return tree

    return parse_block


def _move_up(tree):
    import ast

    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            node.lineno -= 1
            node.end_lineno -= 1
        elif isinstance(node, getattr(ast, "TypeIgnore", ())):
            node.lineno -= 1


# --- magics ---


def _split(text):
    """Divides a program at the magics of cells; the lines before a part are left empty in it."""
    lines = text.split("\n")
    starts = [number for number in _statement_lines(text) if _CELL.match(lines[number])]
    cells = []
    if not starts or "".join(lines[: starts[0]]).strip():
        cells.append(Cell("\n".join(lines[: starts[0]] if starts else lines)))
    for start, end in zip(starts, starts[1:] + [len(lines)]):
        magic, argument = _CELL.match(lines[start].rstrip("\r")).groups()
        body = "\n".join(lines[start + 1 : end])
        is_python = magic in PYTHON_CELLS
        cells.append(Cell("\n" * (start + 1) + body if is_python else "", magic, argument.strip(), body))
    return cells


PYTHON_CELLS = ("time", "timeit", "capture", "prun", "python_here")
"""Cells whose text is Python of the program's own."""


def _with_calls(cells):
    """Turns the magics of lines into calls, each on the line where it stands."""
    for cell in cells:
        if cell.text:
            cell.text = _lines_with_calls(cell.text)
    return cells


def _lines_with_calls(text):
    lines = text.split("\n")
    for number in _statement_lines(text):
        line = lines[number]
        last = number
        while line.rstrip("\r").endswith("\\") and last + 1 < len(lines):
            last += 1
            line = line.rstrip("\r")[:-1] + " " + lines[last].lstrip()
        call = _call_of(line.strip())
        if call is not None:
            lines[number : last + 1] = [_indentation(line) + call] + [""] * (last - number)
    return "\n".join(lines)


def _call_of(line):
    """Returns the Python that does what a line asks for; nothing for a line of Python."""
    assigned = _ASSIGNED.match(line)
    if assigned is not None:
        target, sign, rest = assigned.groups()
        return target + (_call("getoutput", rest) if sign == "!" else _line_magic(rest))
    if line.startswith("!!"):
        return _call("getoutput", line[2:])
    if line.startswith("!"):
        return _call("system", line[1:])
    if _PERCENT.match(line):
        return _line_magic(line[1:])
    asked = _HELP.match(line)
    if asked is not None:
        return _call("run_line_magic", "pinfo", asked.group(1) or asked.group(2))
    if _INSTALL.match(line):
        return _call("system", line)
    return None


def _line_magic(text):
    name, argument = _PERCENT.match("%" + text).groups()
    return _call("run_line_magic", name, argument.strip())


def _call(method, *arguments):
    """Values in braces and after a dollar sign are filled in from the caller's variables when it runs."""
    return f"get_ipython().{method}({', '.join(map(repr, arguments))})"


def _statement_lines(text):
    """Returns the numbers of the lines on which statements begin, as far as can be told of what is no Python."""
    lines = text.split("\n")
    found, depth, quote, goes_on = [], 0, None, False
    for number, line in enumerate(lines):
        begins = quote is None and depth == 0 and not goes_on
        if begins and line.strip():
            found.append(number)
        if begins and (_call_of_any(line.strip())):
            goes_on = line.rstrip("\r").endswith("\\")
            continue
        depth, quote = _scan(line, depth, quote)
        goes_on = quote is None and line.rstrip("\r").endswith("\\")
    return found


def _call_of_any(line):
    return _CELL.match(line) is not None or _call_of(line) is not None


def _scan(line, depth, quote):
    """Follows brackets and strings through one line; returns the depth and the quote that is open at its end."""
    at = 0
    while at < len(line):
        if quote is not None:
            end = _end_of_string(line, at, quote)
            if end < 0:
                return depth, quote if len(quote) == 3 or line.endswith("\\") else None
            at, quote = end, None
            continue
        character = line[at]
        if character == "#":
            break
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth = max(0, depth - 1)
        elif character in "'\"":
            quote = character * 3 if line.startswith(character * 3, at) else character
            at += len(quote)
            continue
        at += 1
    return depth, quote


def _end_of_string(line, at, quote):
    while at < len(line):
        if line[at] == "\\":
            at += 2
        elif line.startswith(quote, at):
            return at + len(quote)
        else:
            at += 1
    return -1


# --- characters ---


def _with_plain_characters(text):
    """Replaces spaces, quotes and signs of word processors outside of strings."""
    parts, quote = [], None
    for line in text.split("\n"):
        plain, at = [], 0
        while at < len(line):
            if quote is not None:
                end = _end_of_string(line, at, quote)
                plain.append(line[at:] if end < 0 else line[at:end])
                at = len(line) if end < 0 else end
                quote = quote if end < 0 and len(quote) == 3 else None
                continue
            character = line[at]
            if character == "#":
                plain.append(line[at:])
                break
            if character in "'\"":
                quote = character * 3 if line.startswith(character * 3, at) else character
                plain.append(quote)
                at += len(quote)
                continue
            closing = _closing(line, at)
            if closing is not None:
                plain.append(_string_of(line[at + 1 : closing], character))
                at = closing + 1
                continue
            plain.append(character.translate(_SPACES).translate(_NOTHING).translate(_SIGNS))
            at += 1
        parts.append("".join(plain))
    return "\n".join(parts)


def _closing(line, at):
    closing = _OPENING.get(line[at])
    if closing is None:
        return None
    return next((i for i in range(at + 1, len(line)) if line[i] in closing), None)


def _string_of(content, opening):
    mark = '"' if opening in "\u201c\u201d" else "'"
    if mark in content:
        mark = "'" if mark == '"' else '"'
    return mark + content + mark
