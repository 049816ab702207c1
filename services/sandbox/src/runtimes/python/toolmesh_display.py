"""Rich results: what `display()` and the last expression of a program show, as Jupyter's data by type.

A display is `{"data": {type: content}, "metadata": {}}`. Nothing here is protected from the program; the service
bounds what it is sent.
"""

import sys

import toolmesh_program as user_program

MAX_BYTES = 2 << 20
"""Bytes of one display; its largest parts are left out beyond that."""
MAX_PLAIN = 64 << 10
MAX_SENT = 1_000
"""Displays of one program that are sent at all: the service keeps fewer."""

_METHODS = (
    ("text/html", "_repr_html_"),
    ("text/markdown", "_repr_markdown_"),
    ("text/latex", "_repr_latex_"),
    ("image/svg+xml", "_repr_svg_"),
    ("image/png", "_repr_png_"),
    ("image/jpeg", "_repr_jpeg_"),
    ("application/pdf", "_repr_pdf_"),
    ("application/json", "_repr_json_"),
    ("application/javascript", "_repr_javascript_"),
)

_send = None
_sent = 0
_ids = 0


def connect(send):
    """Has displays be sent by `send(bytes)`, which is given JSON and returns false where it cannot."""
    global _send
    _send = send


def begin():
    """Begins another program."""
    global _sent
    _sent = 0


def display(*objects, include=None, exclude=None, metadata=None, transient=None, display_id=None, raw=False, clear=False, **_):
    """Shows objects as a notebook does. With `display_id` returns a handle by which they can be replaced."""
    global _ids
    if clear:
        clear_output(wait=True)
    handle = None
    if display_id is not None:
        if display_id is True:
            _ids += 1
            display_id = f"display-{_ids}"
        handle = DisplayHandle(display_id)
    for value in objects if _sent <= MAX_SENT else ():
        if handle is None and _is_open_figure(value):
            sys.modules["toolmesh_plots"].show(value)
            continue
        bundle, about = (value, {}) if raw and isinstance(value, dict) else bundle_of(value, include, exclude)
        publish(bundle, {**about, **(metadata or {})}, display_id=None if handle is None else handle.display_id)
    return handle


def update_display(value, *, display_id, **options):
    """Replaces what was shown under `display_id`."""
    display(value, display_id=display_id, **options)


def clear_output(wait=False):
    """Takes back all that this program has shown so far."""
    _hand_over({"clear": True})


class DisplayHandle:
    """The place of something that was shown."""

    def __init__(self, display_id=None):
        self.display_id = str(display_id) if display_id is not None else f"display-{id(self)}"

    def __repr__(self):
        return f"<DisplayHandle display_id={self.display_id}>"

    def display(self, value, **options):
        display(value, display_id=self.display_id, **options)

    update = display


def publish(data, metadata=None, *, display_id=None, artifact=None):
    """Sends one display: `data` by type."""
    message = {"data": {str(kind): _content(kind, content) for kind, content in data.items()}, "metadata": metadata or {}}
    if display_id is not None:
        message["id"] = str(display_id)[:200]
    if artifact is not None:
        message["metadata"]["artifact"] = artifact
    _hand_over(message)


def is_rich(value):
    """Returns true for a value that a notebook shows by more than its text. Cheap for plain ones."""
    kind = type(value)
    if kind.__module__ == "builtins":
        return False
    if _special(value) is not None:
        return True
    return any(getattr(kind, name, None) is not None for name in ("_repr_mimebundle_", *(name for _, name in _METHODS)))


def show_value(value):
    """Shows the value of a program's last expression, where a notebook would do so by more than its text."""
    if not is_rich(value):
        return
    if _is_open_figure(value):
        sys.modules["toolmesh_plots"].show(value)
        return
    bundle, metadata = bundle_of(value)
    if set(bundle) - {"text/plain"}:
        publish(bundle, metadata)


def _is_open_figure(value):
    """Such a figure would be shown at the end anyway, and is kept as a file."""
    return _special(value) is _figure and sys.modules["toolmesh_plots"].is_open(value)


def bundle_of(value, include=None, exclude=None):
    """Returns (data by type, metadata) of a value."""
    data, metadata = {}, {}
    if not isinstance(value, type):
        special = _special(value)
        if special is not None:
            data.update(_attempt(special, value) or {})
    if not isinstance(value, type) and _special(value) not in _COMPLETE:
        offered = _attempt_method(value, "_repr_mimebundle_", include=include, exclude=exclude)
        if isinstance(offered, tuple) and len(offered) == 2:
            offered, about = offered
            metadata.update(about if isinstance(about, dict) else {})
        if isinstance(offered, dict):
            data.update({kind: content for kind, content in offered.items() if content is not None})
        for kind, method in _METHODS:
            if kind in data or (kind == "image/jpeg" and "image/png" in data):
                continue
            content = _attempt_method(value, method)
            if isinstance(content, tuple) and len(content) == 2:
                content, about = content
                if isinstance(about, dict):
                    metadata[kind] = about
            if content is not None:
                data[kind] = content
    data.setdefault("text/plain", _plain(value))
    if include:
        data = {kind: content for kind, content in data.items() if kind in include}
    if exclude:
        data = {kind: content for kind, content in data.items() if kind not in exclude}
    return data, metadata


def _plain(value):
    try:
        return repr(value)
    except BaseException as error:
        return f"<{type(value).__name__}, whose text could not be made: {type(error).__name__}>"


def _attempt_method(value, name, **options):
    method = getattr(type(value), name, None)
    if method is None:
        return None
    try:
        return method(value, **options)
    except TypeError:
        if options:
            return _attempt_method(value, name)
        return _failed(value, name)
    except NotImplementedError:
        return None
    except Exception:
        return _failed(value, name)


def _attempt(function, value):
    try:
        return function(value)
    except Exception:
        return _failed(value, function.__name__)


def _failed(value, name):
    """Says what is missing; the rest is shown."""
    try:
        error = sys.exc_info()[1]
        sys.stderr.write(f"{name.strip('_')} of {type(value).__name__}: {type(error).__name__}: {error}\n")
    except Exception:
        pass


# --- values that have no methods of their own for it ---


def _special(value):
    for kind in type(value).__mro__:
        special = _SPECIAL.get((kind.__module__.partition(".")[0], kind.__name__))
        if special is not None:
            return special
    return None


def _figure(figure):
    import toolmesh_plots

    return {"image/png": toolmesh_plots.png_of(figure), "text/plain": repr(figure)}


def _animation(animation):
    html = animation._repr_html_()
    return {} if html is None else {"text/html": html}


TABLE = "application/vnd.dataresource+json"
MAX_ROWS, MAX_COLUMNS, MAX_CELL = 200, 100, 1_000
_TYPES = (
    ("bool", "boolean"),
    ("int", "integer"),
    ("uint", "integer"),
    ("float", "number"),
    ("decimal", "number"),
    ("datetime", "datetime"),
    ("date", "date"),
    ("timedelta", "duration"),
    ("duration", "duration"),
    ("time", "time"),
    ("str", "string"),
    ("utf8", "string"),
    ("category", "any"),
    ("categorical", "string"),
    ("enum", "string"),
    ("list", "array"),
    ("struct", "object"),
)


def _pandas_frame(frame):
    indexed = frame.iloc[:MAX_ROWS, :MAX_COLUMNS]
    names = [f"level_{i}" if name is None else _label(name) for i, name in enumerate(indexed.index.names)]
    if names == ["level_0"]:
        names = ["index"]
    levels = [indexed.index.get_level_values(i) for i in range(indexed.index.nlevels)]
    fields = [{"name": name, "type": _type_of(level.dtype)} for name, level in zip(names, levels)]
    fields += [{"name": _label(name), "type": _type_of(kind)} for name, kind in zip(indexed.columns, indexed.dtypes)]
    columns = levels + [indexed.iloc[:, i] for i in range(indexed.shape[1])]
    return {TABLE: _table(fields, columns, frame.shape, names)}


def _polars_frame(frame):
    part = frame.head(MAX_ROWS)
    columns = part.get_columns()[:MAX_COLUMNS]
    fields = [{"name": column.name, "type": _type_of(column.dtype)} for column in columns]
    return {TABLE: _table(fields, columns, frame.shape, None)}


def _table(fields, columns, shape, key):
    names = _distinct([field["name"] for field in fields])
    fields = [{**field, "name": name} for field, name in zip(fields, names)]
    values = [[_cell(value) for value in column] for column in columns]
    schema = {"fields": fields, **({} if key is None else {"primaryKey": names[: len(key)]})}
    table = {"schema": schema, "data": [dict(zip(names, row)) for row in zip(*values)]}
    if shape[0] > MAX_ROWS or shape[1] > MAX_COLUMNS:
        table["truncated"] = {"rows": int(shape[0]), "columns": int(shape[1])}
    return table


def _distinct(names):
    seen, distinct = {}, []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name}.{seen[name] - 1}")
    return distinct


def _label(name):
    return ".".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _type_of(kind):
    text = str(kind).lower()
    return next((name for prefix, name in _TYPES if text.startswith(prefix)), "string" if text == "string" else "any")


def _cell(value):
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, str):
        return value[:MAX_CELL]
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    item = getattr(value, "item", None)
    if item is not None and getattr(value, "ndim", None) == 0:
        return _cell(item())
    text = getattr(value, "isoformat", None)
    return (text() if text is not None else str(value))[:MAX_CELL]


def _plotly(figure):
    import json

    text = figure.to_json()
    data = {"application/vnd.plotly.v1+json": json.loads(text), "text/plain": f"<plotly figure: {_traces(figure)}>"}
    if len(text) < 256 << 10:
        data["text/html"] = figure.to_html(include_plotlyjs="cdn", full_html=False)
    return data


def _traces(figure):
    return ", ".join(trace.type for trace in figure.data[:10]) or "empty"


_COMPLETE = (_figure, _plotly)
"""Those that say all: the methods of such a value would show it for a page of another kind."""

_SPECIAL = {
    ("matplotlib", "Figure"): _figure,
    ("matplotlib", "Animation"): _animation,
    ("pandas", "DataFrame"): _pandas_frame,
    ("polars", "DataFrame"): _polars_frame,
    ("plotly", "BaseFigure"): _plotly,
}


# --- on the way out ---


def _content(kind, content):
    """Binary content is base64; JSON is a value; all else is text."""
    if isinstance(content, (bytes, bytearray, memoryview)):
        import binascii

        return binascii.b2a_base64(bytes(content), newline=False).decode()
    kind = str(kind)
    if kind == "application/json" or kind.endswith("+json"):
        return content
    if kind.startswith("image/") and kind != "image/svg+xml" and isinstance(content, str):
        return "".join(content.split())
    text = content if isinstance(content, str) else str(content)
    return user_program.bounded(text, MAX_PLAIN) if kind == "text/plain" else text


def _hand_over(message):
    global _sent
    _sent += 1
    if _sent > MAX_SENT:
        return
    data = _encode(message)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    if _send is None or not _send(data):
        plain = message.get("data", {}).get("text/plain")
        if plain is not None:
            print(plain)


def _encode(message):
    """Encodes a display as bytes; what cannot be encoded or is too large is left out, the largest part first."""
    parts = {kind: _json(content) for kind, content in message.get("data", {}).items()}
    left_out = [kind for kind, text in parts.items() if text is None]
    known = {kind: text for kind, text in parts.items() if text is not None}
    while sum(map(len, known.values())) > MAX_BYTES:
        largest = max(known, key=lambda kind: len(known[kind]))
        left_out.append(largest)
        del known[largest]
    metadata = _json(message.get("metadata", {})) or "{}"
    if len(metadata) > 64 << 10:
        metadata = "{}"
    fields = [f"{_json(key)}:{_json(value)}" for key, value in message.items() if key not in ("data", "metadata")]
    if left_out:
        fields.append(f'"left_out":{_json([kind[:100] for kind in left_out])}')
    if "data" in message:
        body = ",".join(f"{_json(kind)}:{text}" for kind, text in known.items())
        fields += [f'"data":{{{body}}}', f'"metadata":{metadata}']
    return f"{{{','.join(fields)}}}".encode("utf-8", "replace")


def _json(value):
    """Encodes a value; numbers that JSON has not become null. Returns nothing where that cannot be."""
    json = user_program.import_ours("json")
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except ValueError:
        pass
    except BaseException:
        return None
    try:
        return json.dumps(_plain_json(value, 0), allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except BaseException:
        return None


def _plain_json(value, depth):
    if depth > 100:
        return None
    if isinstance(value, dict):
        return {str(key): _plain_json(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain_json(inner, depth + 1) for inner in value]
    if isinstance(value, float):
        return value if value - value == 0 else None
    return value
