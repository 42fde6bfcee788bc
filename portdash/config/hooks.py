"""Commands that the configuration runs when something happens."""

from dataclasses import dataclass

from portdash.model.history import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class HookConfig:
    """`[[hooks]]`: a command to run when something happens."""

    on: tuple[EventKind, ...]
    command: tuple[str, ...]
    timeout: float = 10.0
    """Seconds after which it is ended."""
