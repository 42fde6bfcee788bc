"""Does the child listen where it should? What a look at the sockets says. Pure."""

from collections.abc import Collection, Iterable
from enum import StrEnum

from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol
from portdash.record import record


class Progress(StrEnum):
    """How far a child has come."""

    WAITING = "waiting"
    """It listens nowhere yet, and nobody has its port."""
    READY = "ready"
    """It listens on its port."""
    ELSEWHERE = "elsewhere"
    """It listens on other ports only."""
    TAKEN = "taken"
    """Somebody else listens on its port."""


@record(kw_only=True)
class Finding:
    """The verdict, and what it rests on."""

    progress: Progress
    ports: tuple[int, ...] = ()
    """The other ports on which the child listens, for ELSEWHERE."""
    holder: Listener | None = None
    """Who has the port, for TAKEN; the child's own listener for READY."""


def judge(
    listeners: Iterable[Listener],
    port: int,
    *,
    protocol: IpProtocol,
    tree: Collection[int],
) -> Finding:
    """Say where the child listens; every process at or below the pids of `tree` counts as its own."""
    kept = [each for each in listeners if each.protocol is protocol]
    own = [each for each in kept if is_own(each, tree)]
    here = next((each for each in own if each.port == port), None)
    if here is not None:
        return Finding(progress=Progress.READY, holder=here)
    holder = next((each for each in kept if each.port == port), None)
    if holder is not None:
        return Finding(progress=Progress.TAKEN, holder=holder)
    ports = tuple(sorted({each.port for each in own}))
    return Finding(progress=Progress.ELSEWHERE, ports=ports) if ports else Finding(progress=Progress.WAITING)


def is_own(listener: Listener, tree: Collection[int]) -> bool:
    """Say whether a listener is the child's, or that of a process somewhere below it."""
    return any(pid in tree for pid in (*listener.pids, *(each.pid for each in listener.ancestors)))
