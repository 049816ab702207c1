"""The supervisor's end of the channel to the program: passes on what it shows and its tool calls, and brings it answers.

The program may send whatever it likes: a frame that is too long or of another kind closes the channel. While it does not
read its answers, nothing more is read from it.
"""

import os
import select
import struct

import _socket

import toolmesh_wire as wire

LIMITS = {wire.CALL: 1_004_096, wire.DISPLAY: 3 << 20}
"""The longest payload of each kind (`tool-calls/call-message.ts`)."""
MAX_UNREAD = 256 << 10
"""Bytes of answers that wait to be read by the program before no more of it is read."""
MAX_OPEN = 64
"""Calls that wait for an answer before no more is read."""
MAX_SHOWN = 1_001
"""Displays of one program that are passed on; the service looks at one less (`workers/displays.ts`)."""
HEADER = struct.Struct(">IB")
PART = 64 << 10


class Relay:
    def __init__(self):
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
        self.fd, self.theirs = ours.detach(), theirs.detach()
        os.set_blocking(self.fd, False)
        self.received, self.unread = bytearray(), bytearray()
        self.open_calls = self.shown = 0
        self.outputs = ()
        self.is_open, self.polled = True, 0

    def watch(self, poller, is_new=False):
        """Has a poller, which may be another one than before, wait for what the channel can do now."""
        if is_new:
            self.polled = 0
        events = self._events()
        if events == self.polled:
            return
        if self.polled:
            poller.unregister(self.fd)
        if events:
            poller.register(self.fd, events)
        self.polled = events

    def _events(self):
        if not self.is_open:
            return 0
        can_read = len(self.unread) < MAX_UNREAD and self.open_calls < MAX_OPEN
        return (select.POLLIN if can_read else 0) | (select.POLLOUT if self.unread else 0)

    def pump(self):
        """Reads and writes what can be; passes complete frames on."""
        if self.is_open and self._events() & select.POLLIN:
            self._read()
        if self.is_open and self.unread:
            self._write()

    def drain(self):
        """Passes on what a program has sent that has ended, or is stopped."""
        while self.is_open and self._read():
            pass

    def restart(self):
        """Begins another program."""
        self.shown = self.open_calls = 0

    def answer(self, payload):
        """Brings the program an answer of the service."""
        self.open_calls = max(0, self.open_calls - 1)
        if self.is_open:
            self.unread += HEADER.pack(len(payload), wire.ANSWER)
            self.unread += payload
            self._write()

    def close(self):
        if self.is_open:
            self.is_open = False
            os.close(self.fd)
            self.received, self.unread = bytearray(), bytearray()

    def _read(self):
        """Reads what there is, and passes complete frames on; returns false when there was nothing."""
        try:
            data = os.read(self.fd, PART)
        except BlockingIOError:
            return False
        except ConnectionError:
            data = b""
        if not data:
            self.close()
            return False
        self.received += data
        while len(self.received) >= HEADER.size:
            length, kind = HEADER.unpack_from(self.received)
            if length > LIMITS.get(kind, -1):
                self.close()
                return False
            end = HEADER.size + length
            if len(self.received) < end:
                break
            payload = bytes(self.received[HEADER.size : end])
            del self.received[:end]
            if kind == wire.DISPLAY:
                self._show(payload)
            else:
                wire.send(kind, payload)
                self.open_calls += 1
        return True

    def _show(self, payload):
        """Passes a display on, after what was printed before it; the program waits to be told so."""
        for output in self.outputs:
            # A pipe holds no more than one of these reads.
            output.pump()
            output.pass_on()
        self.shown += 1
        if self.shown <= MAX_SHOWN:
            wire.send(wire.DISPLAY, payload)
        self.unread += HEADER.pack(0, wire.FLUSHED)

    def _write(self):
        try:
            while self.unread:
                del self.unread[: os.write(self.fd, self.unread[:PART])]
        except BlockingIOError:
            pass
        except OSError:
            self.close()


class _NoRelay:
    """The channel of a program that has none."""

    fd = -1

    def restart(self):
        pass

    def watch(self, poller, is_new=False):
        pass

    def drain(self):
        pass

    def close(self):
        pass

    def answer(self, payload):
        pass


NO_RELAY = _NoRelay()
