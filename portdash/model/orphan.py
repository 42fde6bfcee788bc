"""What a `run` has left behind."""

from portdash.model.listener import Process
from portdash.model.ports import IpProtocol
from portdash.record import record


@record(kw_only=True)
class Orphan:
    """The processes of one run whose portdash has ended: an identity that is checked again before anything is sent."""

    token: str
    """Of the run's lease, by which they were found: each has inherited it."""
    service: str
    workspace: str
    """Both as the processes were told them; nobody else vouches for them."""
    processes: tuple[Process, ...]
    """At least one; each after the one that started it."""
    sockets: tuple[tuple[IpProtocol, int], ...] = ()
    """The ports on which they listen."""

    @property
    def label(self) -> str:
        """`python 4121 and 2 more`."""
        first, *others = self.processes
        return f"{first.label} and {len(others)} more" if others else first.label
