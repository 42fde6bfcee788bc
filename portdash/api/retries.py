"""Idempotency keys: a write that comes again under its key has no second effect, before and after a restart.

The id of the store's batch is made of the key and of what was asked, so the store itself knows a retry, and a key that
comes with another request is told from one that comes again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from threading import Lock

from portdash.api.problems import BadRequest, KeyReused
from portdash.errors import PlanOutdated
from portdash.record import record

MOST_KEPT = 512
"""Answers that are kept."""
_LONGEST = 200


@record
class Reply:
    """How a write was answered."""

    status: int
    body: bytes


@record
class Key:
    """An idempotency key with what was asked under it."""

    key: str
    """A digest: keys themselves are kept nowhere."""
    request: str
    """A digest of method, path and body."""

    @property
    def operation(self) -> str:
        """The id of what it does, in the store."""
        return f"{self.key}-{self.request}"


def read_key(header: str | None, *, method: str, path: str, body: bytes) -> Key | None:
    """Return the key of a request, None for one without. Raises BadRequest."""
    if header is None:
        return None
    text = header.strip()
    if not 1 <= len(text) <= _LONGEST or not text.isascii() or not text.isprintable():
        raise BadRequest(
            "the Idempotency-Key cannot be used", hint=f"1 to {_LONGEST} printable ASCII characters, such as a UUID"
        )
    asked = sha256(f"{method} {path}\n".encode() + body).hexdigest()[:16]
    return Key(sha256(text.encode()).hexdigest()[:24], asked)


class Retries:
    """The last answers by key. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[Key, Reply | None]] = OrderedDict()
        """None while the first request under a key is being answered."""

    def earlier(self, key: Key) -> Reply | None:
        """Return how this request was answered before. Raises KeyReused, and PlanOutdated while it is under way."""
        with self._lock:
            known = self._known.get(key.key)
        if known is None:
            return None
        if known[0] != key:
            raise KeyReused("this Idempotency-Key came with another request")
        if known[1] is None:
            raise PlanOutdated("the first request under this key is not done yet", hint="ask again in a moment")
        return known[1]

    @contextmanager
    def first(self, key: Key) -> Iterator[None]:
        """Answer the first request under a key; an error is no answer, and leaves the key unused."""
        with self._lock:
            if key.key in self._known:
                raise PlanOutdated("the first request under this key is not done yet", hint="ask again in a moment")
            self._known[key.key] = (key, None)
        try:
            yield
        finally:
            with self._lock:
                if self._known.get(key.key) == (key, None):
                    del self._known[key.key]

    def keep(self, key: Key, reply: Reply) -> None:
        """Keep the answer of the request that is being answered."""
        with self._lock:
            self._known[key.key] = (key, reply)
            self._known.move_to_end(key.key)
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
