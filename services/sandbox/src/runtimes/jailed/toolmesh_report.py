"""The report of a program on its way from its process to the supervisor: a JSON object of at most 4 MiB.

Nothing in it is believed of anything but the program itself.
"""

import mmap
import os

import toolmesh_wire as wire

MAX_BYTES = 4 << 20
PART = 65_536


class SharedReport:
    """In memory that a forked process shares: reporting takes no descriptor and waits for nobody."""

    writer = None

    def __init__(self):
        self._memory = mmap.mmap(-1, MAX_BYTES)

    def write(self, outcome):
        data = wire.to_json(outcome)
        self._memory[1 : len(data) + 1] = data[1:] + b"\0"
        self._memory[:1] = data[:1]

    def read(self):
        """Returns the report of the latest program; nothing where there is none, or a bad one."""
        if self._memory[0] == 0:
            return None
        return _parsed(self._memory[: self._memory.find(b"\0")])

    def forget(self):
        self._memory[0] = 0


class PipedReport:
    """In a pipe, as a line of JSON: for a process that shares nothing."""

    def __init__(self):
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self._data = bytearray()

    def pump(self):
        """Reads what there is, so that its writer need not wait; returns false when there will be no more."""
        try:
            while part := os.read(self.reader, PART):
                if len(self._data) <= MAX_BYTES:
                    self._data += part
            return False
        except BlockingIOError:
            return True

    def read(self):
        """Returns the report of the latest program; nothing where there is none, or a bad one."""
        self.pump()
        line, end, _ = self._data.partition(b"\n")
        return _parsed(bytes(line)) if end else None

    def forget(self):
        self.pump()
        self._data.clear()


def _parsed(data):
    try:
        report = wire.from_json(data)
        return report if isinstance(report, dict) else None
    except (ValueError, RecursionError):
        return None
