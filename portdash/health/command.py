"""A check that runs a command of the user's."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING

from portdash.config.private import without_secrets
from portdash.health.failing import failure
from portdash.model.health import Health, HealthState
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.health.checks import Execute
    from portdash.health.endpoint import Endpoint

_KEPT = 4096
"""Bytes of its output that are kept, the last ones."""
_AFTERWARDS = 0.05
"""Seconds that output may come later than the end of the process."""


class CommandProber:
    """Runs a command of the user's. Its exit status is the verdict, its last line the detail."""

    holds = False

    def __init__(self, probe: Execute, endpoint: Endpoint) -> None:
        port = str(endpoint.port)
        self._command = tuple(word.replace("{port}", port) for word in probe.command)
        self._directory = probe.directory
        self._environment = without_secrets(os.environ)
        self._environment["PORT"] = port
        self._level = probe.level

    async def ask(self, timeout: float) -> Health:  # noqa: ASYNC109  the prober's protocol
        """Return the verdict of one run; what takes too long is ended, with all that it started."""
        start = perf_counter()
        try:
            transport, run = await asyncio.get_running_loop().subprocess_exec(
                _Run,
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.STDOUT,
                cwd=self._directory,
                env=self._environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:  # no fault of the service
            told = error.strerror if isinstance(error, OSError) else str(error)
            return self._verdict(HealthState.UNKNOWN, f"{self._command[0]} cannot be run: {told}")
        try:
            async with asyncio.timeout(timeout):
                await run.exited
        except TimeoutError as error:
            return failure(error, self._level, timeout)
        finally:
            if transport.get_returncode() is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(transport.get_pid(), signal.SIGKILL)
            await asyncio.wait([run.closed], timeout=_AFTERWARDS)
            transport.close()
        milliseconds = round((perf_counter() - start) * 1000, 3)
        status = transport.get_returncode()
        if status == 0:
            return self._verdict(HealthState.HEALTHY, "", milliseconds)
        told = f"ended by signal {-status}" if status is not None and status < 0 else f"exit status {status}"
        told += f": {run.last_line}" if run.last_line else ""
        return self._verdict(HealthState.UNHEALTHY, told, milliseconds)

    def let_go(self) -> None:
        """Do nothing: no connection is kept."""

    close = let_go

    def _verdict(self, state: HealthState, detail: str, milliseconds: float | None = None) -> Health:
        return Health(state=state, level=self._level, latency_ms=milliseconds, detail=clean(detail))


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
