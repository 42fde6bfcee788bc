"""What an examination of this machine and its configuration has found."""

from enum import StrEnum

from portdash.model.ports import PortRange
from portdash.record import record


class Level(StrEnum):
    """How serious it is."""

    OK = "ok"
    WARN = "warn"
    """Something to know, or to put right in a quiet hour."""
    FAIL = "fail"
    """Something does not work, or will not."""


@record(kw_only=True)
class Check:
    """One thing that was looked at. Its texts are clean."""

    section: str
    """What it is about: `store`, `ports`, ..."""
    level: Level
    text: str
    """One line for people."""
    hint: str | None = None
    """What to do; None where there is nothing to do."""


@record(kw_only=True)
class Resources:
    """How much of the machine is in use. What the system does not tell is None."""

    load: float | None = None
    """Processes that wanted to run, on average over a minute."""
    cores: int = 1
    own_files: tuple[int, int] | None = None
    """Files that this process may have open, soft and hard limit."""
    system_files: tuple[int, int] | None = None
    """Files that are open on the whole system, and how many may be."""
    sockets: int | None = None
    """TCP sockets that may have a port from the range for outgoing connections, at most: open and lingering ones."""
    ephemeral: PortRange | None = None
    """The range for outgoing connections."""
    free_disk: int | None = None
    """Bytes left where the store is."""
    bind_seconds: float | None = None
    """How long it took to ask the kernel whether one port is free."""
    look_seconds: float | None = None
    """How long it took to look at store and machine once."""
