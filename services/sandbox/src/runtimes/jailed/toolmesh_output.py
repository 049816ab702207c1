"""One stream of a program's output, on its way to the service: passed on at once until it becomes a flood."""

import os
import struct

import toolmesh_wire as wire

HELD_BYTES = 128 * 1024
"""The most output that is held back so that the service is not flooded; older output is dropped."""
FREE_BYTES = 256 * 1024
"""Output that is passed on at once; more of it goes at intervals."""
PASS_ON_SECONDS = 0.02
GATHER_SECONDS = 0.001


class Output:
    """One stream: `open` until all its writers are gone."""

    def __init__(self, kind, fd, named):
        os.set_blocking(fd, False)
        self.kind, self.fd, self.named = kind, fd, named
        self.open = True
        self.restart()

    def restart(self):
        self.held = bytearray()
        self.total = 0

    def pump(self):
        """Reads the output that there is; returns false when there was none."""
        try:
            data = os.read(self.fd, 65_536)
        except BlockingIOError:
            return False
        if not data:
            self.open = False
            return False
        self.total += len(data)
        self.named.look(data)
        self.held += data
        del self.held[: max(0, len(self.held) - HELD_BYTES)]
        return True

    def delay(self):
        """The time that output may gather, in seconds: a line is often written in parts; a flood is held back."""
        return GATHER_SECONDS if self.total <= FREE_BYTES else PASS_ON_SECONDS

    def is_full(self):
        """Returns true when something of the beginning, which is kept, would soon be dropped."""
        return len(self.held) > HELD_BYTES // 2 and self.total <= FREE_BYTES

    def pass_on(self):
        if self.held:
            wire.send(self.kind, struct.pack("<d", self.total - len(self.held)) + self.held)
            self.held = bytearray()
