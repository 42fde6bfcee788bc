"""Whether a server that does not answer is slow or hangs, by what the kernel knows: no packet is sent for it.

A server that has read the request works on it, however long that takes, and nobody else is asked. One that is stopped,
or that has not read a byte of it at two looks in a row, does not. Another probe could not tell these apart: a server
with one thread that is busy answers it as little as one that hangs, and the others write it into their logs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextvars import ContextVar

from portdash.health.kernel import Liveness
from portdash.health.liveness import liveness
from portdash.machine.unread import unread_bytes

PATIENCE = 0.05
"""Seconds without an answer before the first look."""
AGAIN = 0.8
"""The second comes after this share of it; each later one twice as late as the one before."""
LONGEST = 0.8
"""Seconds between two looks later on."""
_STOPPED = frozenset((Liveness.STOPPED, Liveness.FROZEN))
"""Not one that is held by a debugger: whoever sits there looks at this very request."""


def is_stopped(pid: int) -> bool:
    """Whether a process stands still, by a signal or with its control group."""
    return liveness((pid,)) in _STOPPED


class Watch:
    """What one attempt sees of its connection, and when its server is to be suspected.

    Without `patience` it is never; without a `pid` only what the socket table says counts.
    """

    __slots__ = ("_was_unread", "is_hung", "patience", "pid", "received", "sent")

    def __init__(self, pid: int | None, patience: float | None) -> None:
        self.pid = pid
        self.patience = patience
        self.sent = 0
        """Bytes of the request."""
        self.received = 0
        """Bytes of the answer."""
        self.is_hung = False
        self._was_unread = False

    def waits(self, timeout: float | None) -> Iterator[float | None]:
        """Yield how long to wait for the first byte until each look, and last what is left of the time.

        `timeout` is all of it in seconds, None for no end.
        """
        if self.patience is None or self.received:
            yield timeout
            return
        waited, pause = 0.0, self.patience
        for number in itertools.count():
            if timeout is not None and waited + pause >= timeout:
                yield timeout - waited
                return
            yield pause
            waited += pause
            pause = min(pause * (2 if number else AGAIN), LONGEST)

    def look(self, client: object, server: object) -> bool:
        """Look at the server; say whether it hangs. The arguments are the addresses of the connection's two ends."""
        unread = unread_bytes(server, client) if self.sent else None
        is_unread = unread is not None and unread >= self.sent
        self.is_hung = (is_unread and self._was_unread) or (self.pid is not None and is_stopped(self.pid))
        self._was_unread = is_unread
        return self.is_hung


WATCH: ContextVar[Watch | None] = ContextVar("portdash_watch", default=None)
"""That of the attempt which this thread or task makes: the connections that it uses report to it."""
