"""The tools of the mesh, for programs that were given some (`tools` of execute_code).

    from toolmesh import tools

    tools.list()                                   # what there is
    help(tools.get_current_time)                   # what it takes and returns
    tools.get_current_time(timezone="UTC")         # calls it and returns its result
    tools["git.status"](path=".")                  # by its own name; tools.git_status is the same

    await tools.get_current_time.aio(timezone="UTC")
    from toolmesh import async_tools               # await async_tools.get_current_time(timezone="UTC")
    await asyncio.gather(*(async_tools.fetch(url=url) for url in urls))    # at once

Structured results are Python values, text is str, anything else a Content, several of them a list. A tool that fails
raises ToolError.
"""

import toolmesh_channel as _channel

__all__ = ["Content", "ToolError", "async_tools", "tools"]

_MAX_ARGUMENTS = 1_000_000


class ToolError(Exception):
    """A tool that failed, or a call that was not run. The message says why."""

    def __init__(self, message, tool=None):
        super().__init__(message)
        self.tool = tool


class Content:
    """A block of a result that is neither text nor a value: `type`, `data` (bytes), `mime_type`, and `raw`, all of it."""

    def __init__(self, raw):
        self.raw = raw
        self.type = raw.get("type")
        self.mime_type = raw.get("mimeType")
        self.data = _bytes_of(raw.get("data"))

    def __repr__(self):
        size = "" if self.data is None else f", {len(self.data)} bytes"
        return f"<Content {self.type} {self.mime_type or ''}{size}>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        is_image = self.type == "image" and self.mime_type is not None and self.data is not None
        return {self.mime_type: self.raw["data"]} if is_image else {"text/plain": repr(self)}


def _bytes_of(text):
    import binascii

    try:
        return binascii.a2b_base64(text) if isinstance(text, str) else None
    except binascii.Error:
        return None


class Tool:
    """A tool. Calling it calls it."""

    __slots__ = ("_name", "_is_async")

    def __init__(self, name, is_async):
        self._name, self._is_async = name, is_async

    def __call__(self, *args, **kwargs):
        return self.aio(*args, **kwargs) if self._is_async else _result_of(_ask(self._message(args, kwargs)), self._name)

    async def aio(self, *args, **kwargs):
        """Calls it, as a coroutine: several of them run at once."""
        return _result_of(await _channel.ask_async(self._message(args, kwargs)), self._name)

    def _message(self, args, kwargs):
        if len(args) > 1:
            raise TypeError(f"{self._name} takes its arguments by name; {len(args)} have none")
        if len(args) == 1 and not kwargs and isinstance(args[0], dict):
            args, kwargs = (), args[0]
        arguments = _to_json(kwargs)
        positional = _to_json(list(args))
        size = len(arguments) + len(positional)
        if size > _MAX_ARGUMENTS:
            raise ToolError(f"the arguments of {self._name} have {size} characters; a call takes {_MAX_ARGUMENTS}", self._name)
        return {"name": _to_json(self._name), "arguments": arguments, "positional": positional}

    @property
    def __doc__(self):
        help_ = _result_of(_ask({"help": _to_json(self._name), "language": '"python"'}), self._name)
        return f"{help_['signature']}\n\n{help_['doc']}"

    @property
    def __name__(self):
        return self._name

    def __repr__(self):
        return f"<Tool {self._name}>"


class Tools:
    """The tools that this program may call, by name."""

    __slots__ = ("_is_async",)

    def __init__(self, is_async):
        self._is_async = is_async

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return Tool(name, self._is_async)

    def __getitem__(self, name):
        if not isinstance(name, str) or not name:
            raise TypeError("the name of a tool is a text")
        return Tool(name, self._is_async)

    def list(self):
        """Returns what there is: [{"name": ..., "description": ...}]."""
        return _result_of(_ask({"list": "true"}), None)

    def __iter__(self):
        return iter([tool["name"] for tool in self.list()])

    def __len__(self):
        return len(self.list())

    def __contains__(self, name):
        return any(tool["name"] == name for tool in self.list())

    def __dir__(self):
        return ["list", *(name if name.isidentifier() else _identifier_of(name) for name in self)]

    def __repr__(self):
        return f"<Tools: {', '.join(self)}>"


def _identifier_of(name):
    readable = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)
    return f"_{readable}" if readable[:1].isdigit() else readable


def _ask(message):
    if not _channel.CAN_WAIT:
        raise ToolError("here tools can only be awaited: await tools.NAME.aio(...), or async_tools")
    return _channel.ask(message)


def _result_of(answer, name):
    if "error" in answer:
        raise ToolError(str(answer["error"]), name)
    if "content" not in answer:
        return answer.get("value")
    blocks = [block.get("text") if block.get("type") == "text" else Content(block) for block in answer["content"]]
    return blocks[0] if len(blocks) == 1 else blocks


def _to_json(value):
    import json

    return json.dumps(value, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _plain(value):
    """Returns what JSON can say of a value that it does not know."""
    for name in ("isoformat", "tolist", "__fspath__"):
        if hasattr(value, name):
            return getattr(value, name)()
    if isinstance(value, (set, frozenset)):
        return list(value)
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None:
        return {name: getattr(value, name) for name in fields}
    if isinstance(value, (bytes, bytearray)):
        raise TypeError("bytes are no argument of a tool: pass text, or base64.b64encode(data).decode()")
    if type(value).__name__ == "DataFrame" and hasattr(value, "to_dict"):
        return value.to_dict("records")
    raise TypeError(f"a value of type {type(value).__name__} is no argument of a tool: pass what JSON has")


def _check():
    """Says how to switch tools on where this program was given none."""
    if not _channel.CAN_WAIT:
        return
    answer = _channel.ask({"hello": "true"})
    if "error" in answer:
        raise ImportError(str(answer["error"]))


_check()
tools, async_tools = Tools(False), Tools(True)
