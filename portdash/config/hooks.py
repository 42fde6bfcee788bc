"""Commands that the configuration runs when something happens."""

from enum import StrEnum
from pathlib import Path

from portdash.model.history import EventKind
from portdash.record import record


class HookEvent(StrEnum):
    """What a command may be run on: every line of history, and how a service that is checked does."""

    ASSIGNED = EventKind.ASSIGNED.value
    MOVED = EventKind.MOVED.value
    UPDATED = EventKind.UPDATED.value
    ADOPTED = EventKind.ADOPTED.value
    RELEASED = EventKind.RELEASED.value
    TERMINATED = EventKind.TERMINATED.value
    CONFLICT = EventKind.CONFLICT.value
    RESOLVED = EventKind.RESOLVED.value
    FAILOVER = EventKind.FAILOVER.value
    UNHEALTHY = "unhealthy"
    """It is unhealthy, or hung."""
    HEALTHY = "healthy"
    """It was unhealthy or hung, and is no more."""


@record(kw_only=True)
class HookConfig:
    """`[[hooks]]`: a command to run when something happens."""

    on: tuple[HookEvent, ...]
    command: tuple[str, ...]
    timeout: float = 10.0
    """Seconds after which it is ended."""
    directory: Path | None = None
    """Where it runs: beside the file that names it. None for the working directory."""
