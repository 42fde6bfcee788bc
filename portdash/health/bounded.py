"""Running a command of the user's for a limited time, without keeping more than the end of what it prints."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

_KEPT = 4096
"""Bytes of its output that are kept, the last ones."""
_AFTERWARDS = 0.05
"""Seconds that output may come later than the end of the process."""

_KILLING = 1.0
"""Seconds in which what was killed is gone."""


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    """Its exit status; minus the number of the signal that ended it."""
    last_line: str
    """The last line it printed that is not empty, as it came: clean it before it is shown."""
    milliseconds: float

    @property
    def told(self) -> str:
        """What went wrong, in few words."""
        how = f"ended by signal {-self.status}" if self.status < 0 else f"exit status {self.status}"
        return f"{how}: {self.last_line}" if self.last_line else how


async def run_bounded(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    directory: str | Path | None = None,
    given: bytes | None = None,
    timeout: float,  # noqa: ASYNC109  for the whole of it
) -> Ended:
    """Run a command in a session of its own and return how it ended. `given` is what it reads from its input.

    What takes longer than `timeout` seconds is ended, with all that it started. Raises TimeoutError then, and OSError
    or ValueError when it cannot be run.
    """
    start = perf_counter()
    transport, run = await asyncio.get_running_loop().subprocess_exec(
        _Run,
        *command,
        stdin=asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=directory,
        env=environ,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout):
            _give(transport, given)
            await run.exited
    finally:
        if transport.get_returncode() is None:
            _end(transport)
            await asyncio.wait([run.exited], timeout=_KILLING)
        await asyncio.wait([run.closed], timeout=_AFTERWARDS)
        transport.close()
    status = transport.get_returncode()
    assert status is not None
    return Ended(status, run.last_line, round((perf_counter() - start) * 1000, 3))


def _give(transport: asyncio.SubprocessTransport, given: bytes | None) -> None:
    """Write the input; who does not read it is not waited for."""
    pipe = transport.get_pipe_transport(0)
    if given is not None and isinstance(pipe, asyncio.WriteTransport):
        pipe.write(given)
        pipe.close()


def _end(transport: asyncio.SubprocessTransport) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(transport.get_pid(), signal.SIGKILL)
        else:
            transport.kill()


class _Run(asyncio.SubprocessProtocol):
    """Keeps the end of what one process writes."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._output = b""
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()

    @property
    def last_line(self) -> str:
        """The last line that is not empty, as it came."""
        lines = self._output.strip().splitlines()
        return lines[-1].decode("utf-8", "surrogateescape") if lines else ""

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002  both go into one
        self._output = (self._output + data)[-_KEPT:]

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  it has ended, whatever else
        if not self.closed.done():
            self.closed.set_result(None)
