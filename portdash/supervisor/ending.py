"""How one run of a child came to its end, and the end of the whole: ports seen free, a lease let go."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import NamedTuple

from portdash.manager.deps import Deps
from portdash.manager.requests import pending
from portdash.model.assignment import Assignment
from portdash.model.requests import Request, RequestKind
from portdash.model.storage import Answer, Batch, DropLease
from portdash.supervisor.orders import Ready
from portdash.text import clean


class End(Enum):
    """How one run of a child came to its end."""

    OVER = "over"
    STOPPED = "stopped"
    """Somebody asked it to end."""
    TAKEN = "taken"
    """Its port is somebody else's."""
    HELD_OFF = "held_off"
    """It could not bind the port that was kept for it."""
    ASKED = "asked"
    """A request came that it had to end for."""
    LATE = "late"
    """It was moved, and did not listen where it should."""


class Ended(NamedTuple):
    """The end, and the status of the child."""

    how: End
    status: int = 0
    detail: str = ""
    request: Request | None = None
    """What was asked, for ASKED."""

    def why(self, ready: Ready) -> str:
        """Return what kept the child from being there, in words."""
        name, port = clean(ready.row.name), ready.row.port
        match self.how:
            case End.TAKEN:
                return f"{name} cannot have {port}: {self.detail}"
            case End.LATE:
                return self.detail
            case End.STOPPED:
                return f"{name} was ended"
            case _:
                return f"{name} ended with status {self.status} on {port}{f': {self.detail}' if self.detail else ''}"


async def freed(deps: Deps, row: Assignment, *, limit: float) -> str | None:
    """Wait until the port of a row can be bound, at most `limit` seconds; return the refusal if it cannot."""
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + limit, 0.01
    while (problem := deps.machine.bind_error(row.key.protocol, row.port)) and loop.time() < until:
        await asyncio.sleep(pause)  # nothing announces that a port is free
        pause = min(pause * 1.5, 0.1)
    return problem


def let_go(deps: Deps, ready: Ready) -> None:
    """End the lease and answer who still waits; the assignment stays. Raises StoreError."""
    name = clean(ready.row.name)
    answers = (
        Answer(each.id, each.kind is RequestKind.STOP, f"{name} has ended") for each in pending(deps, ready.token)
    )
    deps.store.apply(
        Batch(
            id=f"{ready.token}-end",
            title=f"{ready.row.name} ended",
            workspace=ready.row.key.workspace,
            actor=deps.actor,
            at=deps.clock.now(),
            ops=(*answers, DropLease(ready.row.key, ready.token)),
        )
    )
