"""Waiting for a change. The feed is a hint: whoever missed a word of it reads the revision again before long."""

import threading
import time

from portdash.errors import StoreUnavailable
from portdash.store.redis.server import Server

_SLICE = 0.2
"""Seconds after which a waiting thread looks whether the store was closed."""
_AGAIN = 2.0
"""Seconds after which the revision is read although nothing was heard; a server that is away is asked as often."""


def wait(server: Server, closed: threading.Event, *, since: int, timeout: float, patient: bool) -> int:
    """Wait until the revision differs from `since`, at most `timeout` seconds, or until `closed`; return it then.

    A `patient` caller has something to show while the server is away, and is told of no change then. Raises StoreError.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            revision = server.revision()
            if revision != since or time.monotonic() >= deadline or closed.is_set():
                return revision
            _listen(server, closed, since=since, deadline=deadline)
        except StoreUnavailable:
            if closed.is_set():
                return since
            if not patient:
                raise
            remaining = deadline - time.monotonic()
            if remaining <= 0 or closed.wait(min(_AGAIN, remaining)):
                return since


def _listen(server: Server, closed: threading.Event, *, since: int, deadline: float) -> None:
    """Return when the revision is worth a look: there was word of a change, or none for long. Raises StoreError."""
    with server.listening() as heard:
        if server.revision() != since:  # it changed before the feed was open
            return
        until = min(deadline, time.monotonic() + _AGAIN)
        while (remaining := until - time.monotonic()) > 0:
            if heard(min(_SLICE, remaining)) or closed.is_set():
                return
