"""One small conversation in a server's own protocol, that ends as its clients end theirs.

Whether a server is well is told by the first bytes that it answers. What it says is foreign, and bounded: no more than
`LARGEST` bytes are read before the verdict, and no more than that after it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import perf_counter
from typing import NamedTuple

from portdash.health.endpoint import Endpoint
from portdash.health.failing import failure
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.record import record
from portdash.text import clean

Handshake = Callable[[Endpoint, float], Awaitable[Health]]
"""Asks one server, in at most so many seconds, and says how it does. Raises nothing but CancelledError."""

LARGEST = 4096
"""Bytes that are read of one answer: any greeting fits."""
FAREWELL = 0.25
"""Seconds that a server has to close a connection after us: one closed with bytes unread looks like a crash to it."""
_SHOWN = 60


class Answer(NamedTuple):
    """What bytes of a server mean."""

    detail: str
    """In its own words where it has any; not clean yet."""
    state: HealthState = HealthState.HEALTHY
    version: str | None = None
    """Not clean yet."""


@record(kw_only=True)
class Exchange:
    """What is said, what is expected, and how to take leave. Is a `Handshake`."""

    title: str
    """What people call the server: `Redis`."""
    send: bytes = b""
    """What is said first; empty where the server speaks first."""
    begins: tuple[bytes, ...]
    """What an answer begins with; anything else is another protocol, and nothing more is waited for."""
    reply: re.Pattern[bytes]
    """The whole of what has to come. Its group `version`, where there is one, is the server's."""
    least: re.Pattern[bytes] | None = None
    """What will do where nothing more comes: of servers that know less, or hang up early."""
    read: Callable[[re.Match[bytes]], Answer | None] | None = None
    """Makes more of the reply than that it came; None from it means that it did not say anything of note."""
    goodbye: bytes = b""
    """What a client says before it hangs up."""
    is_noted: bool = False
    """Whether servers write each such visit into their log, where a developer sees it: only for who asks for it."""

    async def __call__(self, endpoint: Endpoint, timeout: float) -> Health:  # noqa: ASYNC109  for the whole of it
        """Return the verdict within `timeout` seconds, taking leave included."""
        return (await self.ask(endpoint, timeout)).health

    async def ask(self, endpoint: Endpoint, timeout: float) -> Visit:  # noqa: ASYNC109  for the whole of it
        """Return the verdict and what the server said of itself."""
        return await visit(endpoint, timeout, self._talk)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
        writer.write(self.send)
        data = b""
        while len(data) < LARGEST and (piece := await reader.read(LARGEST - len(data))):
            data += piece
            if found := self.reply.match(data):
                writer.write(self.goodbye)
                return self._answer(found)
            if not any(data.startswith(word[: len(data)]) for word in self.begins):
                return self._refusal(data)
        found = self.least.match(data) if self.least else None
        return self._answer(found) if found else self._refusal(data)

    def _answer(self, found: re.Match[bytes]) -> Answer:
        version = _group(found, "version")
        told = self.read(found) if self.read else None
        return told or Answer(f"{self.title} {version}" if version else self.title, version=version)

    def _refusal(self, data: bytes) -> Answer:
        if not data:
            return Answer("it hung up without a word", HealthState.UNHEALTHY)
        return Answer(f"not {self.title}: it said {_shown(data)}", HealthState.UNHEALTHY)


class Visit(NamedTuple):
    """One conversation that was had."""

    health: Health
    version: str | None = None
    """What the server said its version is, clean."""


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Answer]]
"""Says and hears on an open connection."""


async def visit(
    endpoint: Endpoint,
    timeout: float,  # noqa: ASYNC109  for the whole of it
    talk: Talk,
    *,
    level: HealthLevel = HealthLevel.PROTOCOL,
) -> Visit:
    """Connect, talk, and hang up so that the server sees an orderly end; all within `timeout` seconds."""
    start = perf_counter()
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port, limit=LARGEST)
            answer = await talk(reader, writer)
            latency = (perf_counter() - start) * 1000
        await _leave(reader, writer, min(FAREWELL, timeout - latency / 1000))
    except (TimeoutError, OSError) as error:
        return Visit(failure(error, level if writer else HealthLevel.CONNECT, timeout))
    finally:
        if writer is not None:
            writer.close()
    health = Health(state=answer.state, level=level, latency_ms=round(latency, 3), detail=clean(answer.detail))
    return Visit(health, clean(answer.version, limit=40) if answer.version else None)


async def _leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Wait until the server closes the connection, reading what else it says; the verdict is settled."""
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(seconds):
            writer.write_eof()
            left = LARGEST
            while left > 0 and (piece := await reader.read(left)):
                left -= len(piece)


def _group(found: re.Match[bytes], name: str) -> str | None:
    value = found.groupdict().get(name)
    return value.decode("utf-8", "replace") if value else None


def _shown(data: bytes) -> str:
    text = data[:_SHOWN].decode("latin-1")
    return f"“{text}{'…' if len(data) > _SHOWN else ''}”"
