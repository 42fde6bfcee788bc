"""Commands that the configuration runs when something happens."""

from portdash.model.history import EventKind
from portdash.record import record


@record(kw_only=True)
class HookConfig:
    """`[[hooks]]`: a command to run when something happens."""

    on: tuple[EventKind, ...]
    command: tuple[str, ...]
    timeout: float = 10.0
    """Seconds after which it is ended."""
