"""A check that runs a command of the user's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from portdash.config.private import without_secrets
from portdash.health.bounded import run_bounded
from portdash.health.failing import failure
from portdash.model.health import Health, HealthState
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.health.checks import Execute
    from portdash.health.endpoint import Endpoint


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
        try:
            ended = await run_bounded(
                self._command, environ=self._environment, directory=self._directory, timeout=timeout
            )
        except TimeoutError as error:
            return failure(error, self._level, timeout)
        except (OSError, ValueError) as error:  # no fault of the service
            told = error.strerror if isinstance(error, OSError) else str(error)
            return self._verdict(HealthState.UNKNOWN, f"{self._command[0]} cannot be run: {told}")
        if ended.status == 0:
            return self._verdict(HealthState.HEALTHY, "", ended.milliseconds)
        return self._verdict(HealthState.UNHEALTHY, ended.told, ended.milliseconds)

    def let_go(self) -> None:
        """Do nothing: no connection is kept."""

    close = let_go

    def _verdict(self, state: HealthState, detail: str, milliseconds: float | None = None) -> Health:
        return Health(state=state, level=self._level, latency_ms=milliseconds, detail=clean(detail))
