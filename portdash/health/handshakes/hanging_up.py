"""Asking without a word: connect, hang up, and see whether the server hangs up in turn.

The kernel takes connections for a server that is stopped or hangs; it does not end them for it. So a server that
answers our end with its own is alive, and RabbitMQ writes no line about somebody who never said anything.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from portdash.health.endpoint import Endpoint
from portdash.health.handshakes.exchange import LARGEST, Answer, visit
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.record import record

_PATIENCE = 0.02
"""Seconds in which a server that is there does not hang up by itself."""


@record(kw_only=True)
class HangUp:
    """Ends a connection and waits for the server to do so. Is a `Handshake`."""

    async def __call__(self, endpoint: Endpoint, timeout: float) -> Health:  # noqa: ASYNC109  for the whole of it
        """Return the verdict within `timeout` seconds."""
        return (await visit(endpoint, timeout, self._talk, level=HealthLevel.CONNECT)).health

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                if not await reader.read(1):  # a proxy before a server that is not there does that
                    return Answer("it hangs up at once", HealthState.UNHEALTHY)
        writer.write_eof()
        left = LARGEST
        with suppress(ConnectionResetError):  # Erlang's way to close
            while left > 0 and (piece := await reader.read(left)):
                left -= len(piece)
        return Answer("takes connections and lets go of them")
