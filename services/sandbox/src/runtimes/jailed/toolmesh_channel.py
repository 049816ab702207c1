"""The program's end of the channel to the supervisor: one socket for what a program shows and for its tool calls.

Frames are those of `toolmesh_wire`: length, kind, JSON. A message that is answered has an id. Whoever waits for an answer
first reads for all others; nothing here needs a thread of its own. What is half sent or half read when a signal comes is
kept, so that an interrupt does not spoil the conversation.
"""

import os
import select
import struct

import _thread

import toolmesh_wire as wire

CAN_WAIT = True
"""False where a program can only await an answer."""

FD = None
"""The socket; set before the program begins."""

_owner = None
_next_id = 0
_waiting = {}
_reading = _thread.allocate_lock()
"""Held by whoever reads."""
_sending = _thread.allocate_lock()
_showing = _thread.allocate_lock()
_shown = []
"""Displays that are not known to be on their way, in order."""
_received, _unsent = bytearray(), bytearray()
_is_closed = False
_HEADER = struct.Struct(">IB")


def open_channel(fd):
    """Makes a socket the channel of this process, and of none that it starts."""
    global FD, _owner, _next_id
    os.set_blocking(fd, False)
    os.set_inheritable(fd, False)
    FD, _owner = fd, os.getpid()
    # An answer to the process before this one of a session is none of ours.
    _next_id = int.from_bytes(os.urandom(6))


def send(kind, payload):
    """Sends a frame, bytes that are JSON. Raises RuntimeError in a process that the program has started."""
    if FD is None or os.getpid() != _owner:
        raise RuntimeError("this works in the program's own process alone, not in one that it has started")
    with _sending:
        _unsent.extend(_HEADER.pack(len(payload), kind))
        _unsent.extend(payload)
        while _unsent:
            try:
                del _unsent[: os.write(FD, _unsent)]
            except BlockingIOError:
                # The other side may wait until its answers are read.
                if FD in select.select([FD], [FD], [])[0]:
                    _read_unless_others_do()
            except BrokenPipeError:
                _close()
                raise RuntimeError("the channel to the service is closed") from None


class _Slot:
    """A message that waits for its answer: a lock that is let go when there is something to do."""

    def __init__(self):
        self.answer, self.is_answered = None, False
        self.turn = _thread.allocate_lock()
        self.turn.acquire()

    def give(self, answer):
        self.answer, self.is_answered = answer, True
        self.wake()

    def wake(self):
        try:
            self.turn.release()
        except RuntimeError:
            pass  # It has been woken already.


class _FutureSlot:
    """The same for a coroutine."""

    def __init__(self, loop):
        self.loop, self.future = loop, loop.create_future()

    def give(self, answer):
        try:
            self.loop.call_soon_threadsafe(self._settle, answer)
        except RuntimeError:
            pass  # Its loop is closed: nobody waits any more.

    def _settle(self, answer):
        if not self.future.done():
            self.future.set_result(answer)

    def wake(self):
        pass


def ask(message):
    """Sends a message, a dict of JSON text by name, and returns what answers it."""
    slot = _Slot()
    number = _register(slot)
    try:
        send(wire.CALL, _encode(number, message))
        _wait_for(slot)
        return slot.answer
    finally:
        _waiting.pop(number, None)


def show(payload):
    """Sends a display; returns once it is on its way, after all that was printed before it."""
    slot = _Slot()
    with _showing:
        # Before it is sent: another thread may read the answer.
        _shown.append(slot)
        try:
            send(wire.DISPLAY, payload)
        except RuntimeError:
            if slot in _shown:
                _shown.remove(slot)
            raise
    _wait_for(slot)


def _wait_for(slot):
    while not slot.is_answered:
        if not _reading.acquire(False):
            slot.turn.acquire()
            continue
        try:
            while not slot.is_answered:
                select.select([FD], [], [])
                _read()
        finally:
            _let_others_read()


async def ask_async(message):
    """Sends a message and awaits what answers it; others may be sent meanwhile."""
    import asyncio

    loop = asyncio.get_running_loop()
    slot = _FutureSlot(loop)
    number = _register(slot)
    try:
        _watch(loop)
        send(wire.CALL, _encode(number, message))
        return await slot.future
    finally:
        _waiting.pop(number, None)
        _unwatch(loop)


_watched = {}
"""The number of coroutines of a loop that wait."""


def _watch(loop):
    _watched[loop] = _watched.get(loop, 0) + 1
    if _watched[loop] == 1:
        loop.add_reader(FD, _read_unless_others_do)


def _unwatch(loop):
    _watched[loop] -= 1
    if _watched[loop] == 0:
        del _watched[loop]
        if not loop.is_closed():
            loop.remove_reader(FD)


def _register(slot):
    global _next_id
    if _is_closed:
        raise RuntimeError("the channel to the service is closed")
    _next_id += 1
    _waiting[_next_id] = slot
    return _next_id


def _encode(number, message):
    fields = "".join(f',"{name}":{text}' for name, text in message.items())
    return f'{{"id":{number}{fields}}}'.encode("utf-8", "replace")


def _read_unless_others_do():
    if _reading.acquire(False):
        try:
            _read()
        finally:
            _let_others_read()


def _let_others_read():
    _reading.release()
    for slot in [*_waiting.values(), *_shown]:
        slot.wake()


def _read():
    """Reads what there is, and gives each answer to whoever waits for it. To be called by whoever holds `_reading`."""
    try:
        data = os.read(FD, 1 << 18)
    except BlockingIOError:
        return
    except ConnectionError:
        data = b""
    if not data:
        return _close()
    _received.extend(data)
    while len(_received) >= _HEADER.size:
        length, kind = _HEADER.unpack_from(_received)
        end = _HEADER.size + length
        if len(_received) < end:
            return None
        payload = bytes(_received[_HEADER.size : end])
        del _received[:end]
        if kind == wire.FLUSHED:
            if _shown:
                _shown.pop(0).give(None)
            continue
        answer = wire.from_json(payload)
        slot = _waiting.pop(answer.get("id"), None)
        if slot is not None:
            slot.give(answer)
    return None


def _close():
    global _is_closed
    _is_closed = True
    for slot in list(_waiting.values()):
        slot.give({"error": "the channel to the service is closed"})
    while _shown:
        _shown.pop(0).give(None)
