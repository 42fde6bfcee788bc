"""The body of an answer: it is under way until somebody has read it or let go, and it may still break off."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator

import httpx

from portdash.discovery.wire import as_httpx


class Body(httpx.SyncByteStream):
    """Passes the bytes on, of httpcore or httpx, with httpx's errors.

    `ended` is called once at the end, and told whether an error of the connection was it.
    """

    def __init__(self, stream: Iterable[bytes], ended: Callable[[bool], object]) -> None:
        self._stream = stream
        self._ended: Callable[[bool], object] | None = ended
        self._broke = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            with as_httpx():
                yield from self._stream
        except httpx.TransportError:
            self._broke = True
            raise

    def close(self) -> None:
        """Let go of the connection."""
        ended, self._ended = self._ended, None
        try:
            if hasattr(self._stream, "close"):
                self._stream.close()
        finally:
            if ended is not None:
                ended(self._broke)


class AsyncBody(httpx.AsyncByteStream):
    """The same for asyncio and trio."""

    def __init__(self, stream: AsyncIterable[bytes], ended: Callable[[bool], object]) -> None:
        self._stream = stream
        self._ended: Callable[[bool], object] | None = ended
        self._broke = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            with as_httpx():
                async for part in self._stream:
                    yield part
        except httpx.TransportError:
            self._broke = True
            raise

    async def aclose(self) -> None:
        """Let go of the connection."""
        ended, self._ended = self._ended, None
        try:
            if hasattr(self._stream, "aclose"):
                await self._stream.aclose()
        finally:
            if ended is not None:
                ended(self._broke)
