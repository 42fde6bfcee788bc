"""The `run` of one part of what `up` starts: a process of its own, what it says, and its end."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from portdash.supervisor.announcing import Announced, read_announced, waited_for

Hear = Callable[[str, int, bytes], None]
"""Takes what a part printed: its name, 1 for its output and 2 for its errors, and the bytes; none when it is over."""
_CHUNK = 65536
_ORDER = (signal.SIGINT, signal.SIGTERM)
"""Two that ask for the end are an order; one and the same, sent twice at once, may arrive as one."""


class RunningPart:
    """One `run` that was started."""

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        announcements: asyncio.StreamReader,
        relays: Sequence["asyncio.Task[None]"],
    ) -> None:
        self.name = name
        self.ended = asyncio.ensure_future(self._wait(process, relays))
        """Its exit status as a shell has it, once it is over and all it printed was heard."""
        self._process = process
        self._announcements = announcements

    @property
    def pid(self) -> int:
        """Of the `run`, not of its service."""
        return self._process.pid

    async def announced(self) -> Announced | None:
        """Wait for what it says next of its start; None when it will say no more."""
        return read_announced(await self._announcements.readline())

    def ask(self, number: int) -> None:
        """Ask it to end, with this signal where the system has such."""
        self._send(number)

    def force(self) -> None:
        """Have it end its service at once."""
        for number in _ORDER:
            self._send(number)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.terminate()
            else:
                self._process.send_signal(number)

    @staticmethod
    async def _wait(process: asyncio.subprocess.Process, relays: Sequence["asyncio.Task[None]"]) -> int:
        code = await process.wait()
        await asyncio.gather(*relays)
        return 128 - code if code < 0 else code


async def start_part(name: str, command: Sequence[str], hear: Hear, *, stays: bool) -> RunningPart:
    """Start a `run`, in a session of its own: a ctrl-c reaches it when its turn has come. Raises OSError.

    Unless we `stay`, what its service prints is for its log alone, and it is not heard beyond its start.
    """
    reader, writer = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if stays else asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=waited_for(os.environ, writer, stays=stays),
            pass_fds=(writer,),
            start_new_session=True,
        )
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    relays = [
        asyncio.ensure_future(_relay(name, stream, number, hear))
        for number, stream in ((1, process.stdout), (2, process.stderr))
        if stream is not None
    ]
    return RunningPart(name, process, await _reading(reader), relays)


async def _reading(descriptor: int) -> asyncio.StreamReader:
    """Return a stream of what comes through a pipe, which is closed with it."""
    stream = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb", 0))
    return stream


async def _relay(name: str, stream: asyncio.StreamReader, number: int, hear: Hear) -> None:
    while data := await stream.read(_CHUNK):
        hear(name, number, data)
    hear(name, number, b"")
