"""Spans of time that are fair on a busy machine: what a process waits for a processor is not its own."""

import time

MOST_WAITED_SECONDS = 2.5
"""The most that a span is longer by: the service waits three seconds beyond its own."""


class Span:
    """`seconds` that the process `pid` of the jail has from now on."""

    def __init__(self, seconds, pid="self"):
        self._pid = pid
        self._ends = time.monotonic() + seconds
        self._waited = _waited(pid)

    def left(self):
        """Returns the seconds that are left, as far as known; 0 when the span is over."""
        left = self._ends - time.monotonic()
        if left > 0:
            return left
        return max(0.0, left + min(MOST_WAITED_SECONDS, _waited(self._pid) - self._waited))


def _waited(pid):
    """Returns the seconds for which a process could have run and had no processor (proc(5), schedstat); 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
