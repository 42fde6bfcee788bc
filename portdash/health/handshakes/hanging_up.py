"""Asking without a word: connect, hang up, and see whether the server hangs up in turn.

The kernel takes connections for a server that is stopped or hangs; it does not end them for it. So a server that answers
our end with its own is alive, and none that was tried writes a line about somebody who never said anything.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from portdash.health.endpoint import Endpoint
from portdash.health.handshakes.exchange import LARGEST, Answer, visit
from portdash.model.health import Health, HealthLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """Ends a connection and waits for the server to do so. Is a `Handshake`."""

    title: str
    """What people call the server: `RabbitMQ`."""

    async def __call__(self, endpoint: Endpoint, timeout: float) -> Health:  # noqa: ASYNC109  for the whole of it
        """Return the verdict within `timeout` seconds."""
        return (await visit(endpoint, timeout, self._talk, level=HealthLevel.CONNECT)).health

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
        writer.write_eof()
        left = LARGEST
        with suppress(ConnectionResetError):  # Erlang's way to close
            while left > 0 and (piece := await reader.read(left)):
                left -= len(piece)
        return Answer(f"{self.title} takes connections and lets go of them")
