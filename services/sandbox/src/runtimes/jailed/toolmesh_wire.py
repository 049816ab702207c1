"""The conversation with the service on descriptor 3: the frames of `workers/frames.ts`, and JSON."""

import os
import struct

import _json

CHANNEL = 3
READY, PROGRAM, STDOUT, STDERR, FLUSH, FLUSHED, REPORT, STARTED, GONE, KILL, DISPLAY, CALL, ANSWER = range(13)
INTERRUPT, FILE, DATA = range(13, 16)
"""Kinds of frames; their order is the service's (`workers/frames.ts`)."""

MIB = 1 << 20


def send(kind, payload=b""):
    send_on(CHANNEL, kind, payload)


def send_on(fd, kind, payload):
    data = struct.pack(">IB", len(payload), kind) + payload
    while data:
        data = data[os.write(fd, data) :]


def send_parts(kind, *parts):
    """Sends a payload without putting its parts together, which would leave a copy of them in memory."""
    os.writev(CHANNEL, [struct.pack(">IB", sum(map(len, parts)), kind), *parts])


def receive():
    length, kind = struct.unpack(">IB", read_exactly(CHANNEL, 5))
    return kind, read_exactly(CHANNEL, length)


def read_exactly(fd, count):
    """Reads the next bytes. Ends this process at the end of the stream: its service is gone."""
    parts = []
    while count > 0:
        part = os.read(fd, min(count, MIB))
        if not part:
            os._exit(0)
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def log(text):
    """Writes a line to standard error, of which the service logs the end when this process is gone."""
    os.write(2, f"{text}\n".encode("utf-8", "replace"))


# The module `json` is these two and `re`, which takes longer to import than the interpreter to start.


class _Scanning:
    strict, memo = True, {}
    object_hook = object_pairs_hook = None
    parse_int, parse_float, parse_constant = int, float, float


_scan = _json.make_scanner(_Scanning)
_encode = _json.make_encoder(None, repr, _json.encode_basestring, None, ":", ",", False, False, False)


def from_json(data):
    """Decodes the JSON value at the beginning of `data`, bytes. Raises ValueError or RecursionError."""
    try:
        return _scan(str(data, "utf-8", "surrogatepass"), 0)[0]
    except StopIteration as error:
        raise ValueError("not JSON") from error


def to_json(value, errors="replace"):
    """Encodes as bytes; lone surrogates become question marks, as they cannot be sent. Raises ValueError for NaN."""
    return "".join(_encode(value, 0)).encode("utf-8", errors)
