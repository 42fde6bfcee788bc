"""The registry of running instances on a Redis server: heartbeats that vanish by themselves when they stop.

Beside the store and apart from it: a heartbeat is no change, has no revision, and may be lost.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import msgspec
import redis

from portdash.model.heartbeat import Heartbeat
from portdash.store.redis import trouble
from portdash.store.redis.address import parse_address
from portdash.store.redis.encoding import compact
from portdash.store.redis.server import connect
from portdash.text import clean

_log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds that connecting may take, and that an answer may take: who looks for an instance is waiting."""
_INDEX = "portdash:{portdash}:instances"
_MOST = 10_000
"""Instances that are read; more of them are no registry of servers."""


class Registry:
    """The heartbeats on a server, named by a `redis://` URL. Safe to use from several threads, and after a fork.

    Every method raises StoreError where the server cannot be asked; the URL may be wrong: ConfigError.
    """

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        address = parse_address(url)
        self.url = address.url
        self.label = address.label
        self._place = (address.host, address.port)
        self._patience = patience
        self._client = connect(address, patience)

    def beat(self, heartbeats: Iterable[Heartbeat], *, seconds: float) -> None:
        """Let these be known for so many seconds from now."""
        with self._said(writing=True), self._client.pipeline(transaction=False) as pipe:
            for each in heartbeats:
                name = _name(each)
                pipe.set(f"{_INDEX}:{name}", msgspec.json.encode(each), px=max(1, round(seconds * 1000)))
                pipe.sadd(_INDEX, name)
            pipe.execute()

    def withdraw(self, heartbeats: Iterable[Heartbeat]) -> None:
        """Let these be known no more."""
        with self._said(writing=True), self._client.pipeline(transaction=False) as pipe:
            for each in heartbeats:
                pipe.delete(f"{_INDEX}:{_name(each)}")
                pipe.srem(_INDEX, _name(each))
            pipe.execute()

    def heartbeats(self) -> tuple[Heartbeat, ...]:
        """Return what is known now, and forget the names of what has stopped; what is none of ours is left out."""
        with self._said(writing=False):
            names = sorted(each for each in self._client.smembers(_INDEX) if isinstance(each, bytes))[:_MOST]
            if not names:
                return ()
            found = self._client.mget([_INDEX.encode() + b":" + name for name in names])
            if stopped := [name for name, text in zip(names, found, strict=True) if text is None]:
                with suppress(redis.ResponseError):  # we may only read
                    self._client.srem(_INDEX, *stopped)
        return decode(text for text in found if isinstance(text, bytes))

    def local_address(self) -> str:
        """Return the address of this machine on the way to the server: others of its clients may reach us there."""
        with self._said(writing=False):
            family, kind, number, _, place = socket.getaddrinfo(*self._place, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, kind, number) as way:
                way.connect(place)  # which sends nothing
                address: str = way.getsockname()[0]
        return address

    def close(self) -> None:
        """Let go of the connections."""
        with suppress(redis.RedisError, OSError):
            self._client.connection_pool.disconnect(inuse_connections=False)

    @contextmanager
    def _said(self, *, writing: bool) -> Iterator[None]:
        try:
            yield
        except (redis.RedisError, UnicodeError, OSError) as error:
            raise trouble.met(error, self.url, patience=self._patience, writing=writing) from error


def decode(texts: Iterable[bytes]) -> tuple[Heartbeat, ...]:
    """Return the heartbeats that some texts hold; one that holds none is left out, and said in the log."""
    found = []
    for text in texts:
        try:
            found.append(msgspec.json.decode(text, type=Heartbeat))
        except (msgspec.DecodeError, UnicodeError) as error:
            _log.debug("no heartbeat: %s", clean(str(error)))
    return tuple(found)


def _name(heartbeat: Heartbeat) -> str:
    each = heartbeat
    return compact([each.host, each.workspace, each.environment, each.service.casefold(), each.port])
