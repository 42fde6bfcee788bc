"""What speaks against adopting a listener unasked: it is offered all the same, but nobody marks it for a person. Pure.

Who adopts keeps its port for it from then on. A coding agent that grabbed a port would own it for ever, and so would
what somebody forgot; what works in no project, or for another user, is rarely meant.
"""

from portdash.machine.ancestry import ORPHAN
from portdash.machine.keepers import AGENTS
from portdash.model.listener import Listener
from portdash.named_tuple import NamedTuple
from portdash.text import clean


class Doubt(NamedTuple):
    """One thing that speaks against it."""

    text: str
    is_grave: bool = False
    """Whether it holds even where a person has marked the listener among others: it takes a mark of its own."""


def doubts_of(listener: Listener, user: str) -> tuple[Doubt, ...]:
    """Return what speaks against adopting a listener for `user`, the gravest first; nothing for what plainly fits."""
    found: list[Doubt] = []
    if listener.via in AGENTS:
        found.append(Doubt(f"started by {clean(listener.via or '')}", is_grave=True))
    if listener.orphan or listener.via == ORPHAN:
        found.append(Doubt("an orphan", is_grave=True))
    if listener.container is None:
        owner = (listener.owner.user if listener.owner else None) or listener.user
        if owner is None:
            found.append(Doubt("its owner is hidden"))
        elif owner != user:
            found.append(Doubt(f"runs as {clean(owner)}"))
    if listener.project is None:
        found.append(Doubt("works in no project"))
    return tuple(found)
