"""What speaks against adopting a listener unasked: it is offered all the same, but nobody marks it for a person. Pure.

Who adopts keeps its port for it from then on. A coding agent that grabbed a port would own it for ever, and so would
what somebody forgot; what works in no project, or for another user, is rarely meant.
"""

from portdash.machine.ancestry import ORPHAN
from portdash.machine.keepers import AGENTS
from portdash.model.listener import Listener
from portdash.text import clean


def doubts_of(listener: Listener, user: str) -> tuple[str, ...]:
    """Return what speaks against adopting a listener for `user`, the gravest first; nothing for what plainly fits."""
    found: list[str] = []
    if listener.via in AGENTS:
        found.append(f"started by {clean(listener.via or '')}")
    if listener.orphan or listener.via == ORPHAN:
        found.append("an orphan")
    if listener.container is None:
        owner = (listener.owner.user if listener.owner else None) or listener.user
        if owner is None:
            found.append("its owner is hidden")
        elif owner != user:
            found.append(f"runs as {clean(owner)}")
    if listener.project is None:
        found.append("works in no project")
    return tuple(found)
