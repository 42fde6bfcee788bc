"""The connection to the server: one script call at a time, bounded, and made again where that is safe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry

from portdash.store.fields import Undecodable
from portdash.store.redis import trouble
from portdash.store.redis.address import Address
from portdash.store.redis.scripts import Keys, Script, script
from portdash.text import clean

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds that connecting may take, and that an answer may take."""
_ATTEMPTS = 2


def connect(address: Address, patience: float) -> redis.Redis:
    """Return a client, which connects when it is used and waits at most `patience` seconds each time."""
    return redis.Redis(
        host=address.host,
        port=address.port,
        db=address.database,
        username=address.username,
        password=address.password,
        ssl=address.tls,
        socket_timeout=patience,
        socket_connect_timeout=patience,
        retry=Retry(NoBackoff(), 0),  # who calls again does it himself: the store under the same operation id
        protocol=2,
    )


class Server:
    """A server as several threads may use it."""

    def __init__(self, address: Address, keys: Keys, *, patience: float = PATIENCE) -> None:
        self.url = address.url
        self.patience = patience
        self._keys = keys
        self._client = connect(address, patience)

    def run(self, name: str, *arguments: str | int | bytes, writing: bool = False) -> object:
        """Return what a script answers. Raises StoreError.

        A call that was cut off is made again once, which for a batch has no second effect: the script knows its id. One
        that was not answered in time is made again only when `writing`, to learn what became of it.
        """
        wanted = script(name)
        with self.said(writing=writing):
            return self._again(lambda: self._call(wanted, arguments), after_timeout=writing)

    def revision(self) -> int:
        """Return the store's revision, 0 for a new one. Raises StoreError."""
        with self.said(writing=False):
            found = self._again(lambda: self._client.hget(self._keys.meta, "revision"))
        if found is None:
            return 0
        if not (isinstance(found, bytes) and found.isdigit() and len(found) < 16):
            raise trouble.damaged(self.url, "its revision is no number")
        return int(found)

    def warnings(self) -> tuple[str, ...]:
        """Return what is dangerous in how the server is set up; nothing when it does not tell. Raises StoreError."""
        with self.said(writing=False):
            try:
                settings = {name: self._setting(name) for name in ("appendonly", "maxmemory-policy")}
            except redis.ResponseError:
                return ()  # it may not be asked, as on many rented servers
        return tuple(_warnings(settings))

    @contextmanager
    def listening(self) -> Iterator[Callable[[float], bool]]:
        """Yield a function that waits at most so many seconds for word of a change. Raises StoreError."""
        with self.said(writing=False), PubSub(self._client.connection_pool, ignore_subscribe_messages=True) as feed:
            feed.subscribe(self._keys.feed)
            yield lambda seconds: feed.get_message(timeout=seconds) is not None

    def close(self) -> None:
        """Let go of the connections that nobody uses just now; the others go with their use."""
        with suppress(redis.RedisError, OSError):
            self._client.connection_pool.disconnect(inuse_connections=False)

    @contextmanager
    def said(self, *, writing: bool) -> Iterator[None]:
        """Turn what the client library raises into the store's errors."""
        try:
            yield
        except (redis.RedisError, UnicodeError, OSError) as error:
            raise trouble.met(error, self.url, patience=self.patience, writing=writing) from error

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn what the decoder raises into the store's error: what the server holds is not what was written."""
        try:
            yield
        except Undecodable as error:
            raise trouble.damaged(self.url, str(error)) from error
        except ValueError as error:  # a sequence of another length
            raise trouble.damaged(self.url, "an answer has not all its parts") from error

    def _call(self, wanted: Script, arguments: tuple[str | int | bytes, ...]) -> object:
        keys = self._keys.all()
        try:
            return self._client.evalsha(wanted.digest, len(keys), *keys, *arguments)
        except redis.exceptions.NoScriptError:  # a new server, or its cache was flushed
            return self._client.eval(wanted.text, len(keys), *keys, *arguments)

    def _again(self, call: Callable[[], T], *, after_timeout: bool = False) -> T:
        for _ in range(_ATTEMPTS - 1):
            try:
                return call()
            except redis.RedisError as error:
                if not trouble.may_pass(error) or (isinstance(error, redis.TimeoutError) and not after_timeout):
                    raise
                with suppress(redis.RedisError):
                    self._client.connection_pool.disconnect(inuse_connections=False)  # they were cut off as well
        return call()

    def _setting(self, name: str) -> str:
        found: object = self._client.config_get(name)
        value = found.get(name, "") if isinstance(found, dict) else ""
        return clean(value) if isinstance(value, (str, bytes)) else ""


def _warnings(settings: dict[str, str]) -> Iterator[str]:
    if settings["appendonly"] == "no":
        yield "the store's server keeps no append-only file: what it last acknowledged is lost when it crashes"
    policy = settings["maxmemory-policy"]
    if policy and policy != "noeviction":
        yield f"the store's server may throw keys away when its memory is full ({policy}): set it to noeviction"
