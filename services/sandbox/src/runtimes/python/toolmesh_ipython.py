"""Stands in for IPython: `IPython.display`, `get_ipython()`, and modules that only make sense in a notebook."""

import sys

import toolmesh_display as display_module
import toolmesh_magics as magics

display, clear_output = display_module.display, display_module.clear_output
update_display, DisplayHandle = display_module.update_display, display_module.DisplayHandle


class DisplayObject:
    """Something to show, given as data or as the name of a file."""

    _read_flags = "r"

    def __init__(self, data=None, url=None, filename=None, metadata=None):
        if data is not None and type(data).__name__ in ("PosixPath", "WindowsPath", "Path"):
            filename, data = str(data), None
        if isinstance(data, str) and filename is None and url is None and self._names_a_file(data):
            filename, data = data, None
        self.data, self.url, self.filename, self.metadata = data, url, filename, metadata or {}
        if filename is not None and data is None:
            with open(filename, self._read_flags, **({} if "b" in self._read_flags else {"encoding": "utf-8"})) as file:
                self.data = file.read()

    def _names_a_file(self, _data):
        return False

    def reload(self):
        pass

    def __repr__(self):
        return f"<IPython.core.display.{type(self).__name__} object>"


class TextDisplayObject(DisplayObject):
    pass


class HTML(TextDisplayObject):
    def _repr_html_(self):
        return self.data

    __html__ = _repr_html_


class Markdown(TextDisplayObject):
    def _repr_markdown_(self):
        return self.data


class Latex(TextDisplayObject):
    def _repr_latex_(self):
        return self.data


class Math(TextDisplayObject):
    def _repr_latex_(self):
        return f"$\\displaystyle {str(self.data).strip('$')}$"


class SVG(DisplayObject):
    def _names_a_file(self, data):
        return data.endswith(".svg") and "<" not in data

    def _repr_svg_(self):
        return self.data.decode() if isinstance(self.data, bytes) else self.data


class Pretty(TextDisplayObject):
    def __repr__(self):
        return str(self.data)


class Code(TextDisplayObject):
    def __init__(self, data=None, url=None, filename=None, language=None):
        super().__init__(data, url, filename)
        self.language = language or ""

    def __repr__(self):
        return str(self.data)

    def _repr_markdown_(self):
        return f"```{self.language}\n{self.data}\n```"


class JSON(DisplayObject):
    def __init__(self, data=None, url=None, filename=None, expanded=False, metadata=None, root="root", **_):
        super().__init__(data, url, filename, metadata)
        if isinstance(self.data, (str, bytes)):
            import json

            self.data = json.loads(self.data)

    def _repr_json_(self):
        return self.data


class GeoJSON(JSON):
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"application/geo+json": self.data}


class Javascript(TextDisplayObject):
    def __init__(self, data=None, url=None, filename=None, lib=None, css=None):
        super().__init__(data, url, filename)

    def _repr_javascript_(self):
        return self.data


class Image(DisplayObject):
    """A picture from bytes or from a file."""

    _read_flags = "rb"
    _FORMATS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}

    def __init__(self, data=None, url=None, filename=None, format=None, embed=None, width=None, height=None, **options):
        if isinstance(data, str) and data.startswith(("http://", "https://")):
            url, data = data, None
        super().__init__(data, url, filename, options.get("metadata"))
        self.width, self.height, self.alt = width, height, options.get("alt")
        found = next((name for mark, name in self._FORMATS.items() if isinstance(self.data, bytes) and self.data.startswith(mark)), None)
        self.format = found or (format or "png").lower().replace("jpg", "jpeg")

    def _names_a_file(self, data):
        return len(data) < 1_024

    def _repr_mimebundle_(self, include=None, exclude=None):
        if self.data is None:
            size = "".join(f' {name}="{value}"' for name, value in (("width", self.width), ("height", self.height)) if value)
            return {"text/html": f'<img src="{self.url}"{size}/>'}
        kind = f"image/{self.format}"
        size = {name: value for name, value in (("width", self.width), ("height", self.height)) if value}
        return {kind: self.data}, ({kind: size} if size else {})


class IFrame:
    def __init__(self, src, width="100%", height=400, extras=(), **_):
        self.src, self.width, self.height = src, width, height

    def _repr_html_(self):
        return f'<iframe width="{self.width}" height="{self.height}" src="{self.src}" frameborder="0"></iframe>'


class FileLink:
    """Names a file: those of the working directory come back by themselves."""

    def __init__(self, path, *_, **__):
        self.path = str(path)

    def __repr__(self):
        return self.path


class Audio(DisplayObject):
    """Sound from a file, bytes or samples (of which a WAV file is made)."""

    _read_flags, _tag, _kind = "rb", "audio", "audio/wav"

    def __init__(self, data=None, filename=None, url=None, embed=None, rate=None, autoplay=False, **_):
        if data is not None and not isinstance(data, (str, bytes)):
            data = _wav(data, rate or 44_100)
        super().__init__(data, url, filename)

    def _names_a_file(self, data):
        return len(data) < 1_024

    def _repr_html_(self):
        import base64

        if self.data is None:
            return f'<{self._tag} controls src="{self.url}"></{self._tag}>'
        return f'<{self._tag} controls src="data:{self._kind};base64,{base64.b64encode(self.data).decode()}"></{self._tag}>'


class Video(Audio):
    _tag, _kind = "video", "video/mp4"


def _wav(samples, rate):
    import array
    import io
    import wave

    flat = [float(sample) for sample in samples]
    peak = max(map(abs, flat), default=0) or 1
    with io.BytesIO() as file:
        with wave.open(file, "wb") as out:
            out.setparams((1, 2, int(rate), 0, "NONE", ""))
            out.writeframes(array.array("h", (int(32_767 * sample / peak) for sample in flat)).tobytes())
        return file.getvalue()


def display_as(kind):
    return lambda data, **_: display_module.publish({kind: data})


class _Anything:
    """Answers whatever configures a notebook, and does nothing."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything()

    def __getitem__(self, _key):
        return _Anything()

    def __call__(self, *_, **__):
        return None


class Shell:
    """The answer of `get_ipython()`."""

    def __init__(self):
        self.config, self.execution_count = {}, 1
        self.display_formatter = self.events = self.kernel = self.display_pub = _Anything()

    user_ns = property(lambda self: sys.modules["__main__"].__dict__)
    user_global_ns = user_ns

    def system(self, command):
        magics.system(magics.fill_in(command))

    def getoutput(self, command, **_):
        return magics.getoutput(magics.fill_in(command))

    def run_line_magic(self, name, line="", _stack_depth=1):
        return magics.run_line(name, magics.fill_in(line) if name not in magics.PYTHON_MAGICS else line)

    def run_cell_magic(self, name, line, cell):
        return magics.run_cell(name, line, cell)

    def magic(self, text):
        name, _, line = text.lstrip("%").partition(" ")
        return self.run_line_magic(name, line)

    def run_cell(self, code, **_):
        exec(compile(code, "<cell>", "exec"), self.user_ns)

    def ev(self, expression):
        return eval(expression, self.user_ns)

    ex = run_cell

    def push(self, names, **_):
        self.user_ns.update(names)

    def set_next_input(self, *_, **__):
        pass

    enable_gui = enable_matplotlib = register_magic_function = register_magics = set_custom_exc = set_next_input

    def __repr__(self):
        return "<the sandbox's stand-in for IPython>"


shell = Shell()


def get_ipython():
    """Answers the program alone: libraries that find IPython draw for its pages, and want more of it than there is here."""
    return shell if sys._getframe(1).f_globals.get("__name__") == "__main__" else None


_SHOWN = (
    "HTML Markdown Latex Math SVG Pretty Code JSON GeoJSON Javascript Image IFrame FileLink Audio Video DisplayObject "
    "TextDisplayObject DisplayHandle display clear_output update_display"
).split()


def _fill_display(module):
    for name in _SHOWN:
        setattr(module, name, globals()[name])
    module.FileLinks = FileLink
    module.YouTubeVideo = lambda id, width=400, height=300, **_: IFrame(f"https://www.youtube.com/embed/{id}", width, height)
    for name, kind in (
        ("html", "text/html"),
        ("markdown", "text/markdown"),
        ("latex", "text/latex"),
        ("svg", "image/svg+xml"),
        ("png", "image/png"),
        ("jpeg", "image/jpeg"),
        ("json", "application/json"),
        ("pretty", "text/plain"),
        ("javascript", "application/javascript"),
    ):
        setattr(module, f"display_{name}", display_as(kind))
    module.publish_display_data = lambda data, metadata=None, **_: display_module.publish(data, metadata)
    module.set_matplotlib_formats = lambda *_, **__: None
    module.set_matplotlib_close = module.set_matplotlib_formats


def _fill_ipython(module):
    module.get_ipython = get_ipython
    module.version_info, module.__version__ = (8, 0, 0), "8.0.0"
    module.display = __import__("IPython.display", fromlist=["display"])
    module.start_ipython = module.embed = lambda *_, **__: None


def _fill_core(module):
    module.get_ipython = get_ipython
    module.InteractiveShell = type("InteractiveShell", (Shell,), {"ast_node_interactivity": "last_expr", "instance": staticmethod(lambda: shell), "initialized": staticmethod(lambda: False)})
    _fill_display(module)
    for name in "magic line_magic cell_magic line_cell_magic register_line_magic register_cell_magic magics_class".split():
        setattr(module, name, _decorator)


def _decorator(*arguments):
    return arguments[0] if arguments and callable(arguments[0]) else _decorator


def _fill_nested(module):
    """`asyncio.run` may be nested here anyway."""
    module.apply = lambda *_, **__: None


def _fill_google(module):
    """A namespace that other packages would share."""


def _fill_colab(module):
    """Files come back from the working directory by themselves, and are given to a call."""
    import types

    module.files, module.drive = types.SimpleNamespace(), types.SimpleNamespace()
    module.files.download = lambda path, *_: print(f"{path} is returned with the result")
    module.files.upload = lambda *_: _refuse("files.upload(): give files to the call in `files`; they are in the working directory")
    module.files.view = lambda *_: None
    module.drive.mount = lambda *_, **__: _refuse("drive.mount(): there is no Google Drive here; give files to the call in `files`")
    module.data_table = types.SimpleNamespace(enable_dataframe_formatter=lambda *_: None)
    module.output = types.SimpleNamespace(clear=lambda *_, **__: clear_output())


def _refuse(message):
    raise magics.UsageError(message)


_MODULES = {
    "google": _fill_google,
    "google.colab": _fill_colab,
    "IPython": _fill_ipython,
    "IPython.display": _fill_display,
    "IPython.core": _fill_core,
    "IPython.core.display": _fill_display,
    "IPython.core.display_functions": _fill_display,
    "IPython.core.interactiveshell": _fill_core,
    "IPython.core.getipython": _fill_core,
    "IPython.core.magic": _fill_core,
    "IPython.core.pylabtools": _fill_display,
    "nest_asyncio": _fill_nested,
}


def fill(module):
    """Fills a module that stands in for one of IPython's."""
    _MODULES[module.__name__](module)
