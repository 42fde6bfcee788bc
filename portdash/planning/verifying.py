"""Whether every assignment is answered by its own server: the verdict of ownership, said as yes or no."""

from collections.abc import Iterator
from enum import StrEnum

from portdash.model.conflict import Conflict, ConflictKind
from portdash.model.listener import Attribution, Ownership
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.planning.wording import holders_text
from portdash.record import record
from portdash.text import clean


class Answer(StrEnum):
    """Who answers on the port of a service."""

    OWNED = "owned"
    """Its own server."""
    IDLE = "idle"
    """Nobody, and nobody is expected: it does not run."""
    SILENT = "silent"
    """Nobody, though a living process uses the assignment."""
    SQUATTED = "squatted"
    """Somebody else, or somebody of whom nothing is known."""
    MISPLACED = "misplaced"
    """Nobody: its own server is on another port."""
    SHADOWED = "shadowed"
    """Its own server, and on part of localhost another one."""

    @property
    def is_good(self) -> bool:
        """Whether it is as it should be."""
        return self in (Answer.OWNED, Answer.IDLE)


@record(kw_only=True)
class Verified:
    """One assignment and who answers there."""

    view: ServiceView
    answer: Answer
    holder: str | None
    """Who answers, or where its own server is; None for nobody."""
    detail: str
    """Why that is the verdict, in one sentence; clean."""
    leased: bool
    """Whether a living process uses the assignment."""


_BY_KIND = {
    ConflictKind.SQUATTED: Answer.SQUATTED,
    ConflictKind.MISPLACED: Answer.MISPLACED,
    ConflictKind.SHADOWED: Answer.SHADOWED,
}


def verify(snapshot: Snapshot, *, workspace: str | None) -> Iterator[Verified]:
    """Yield every service with a port, in the snapshot's order: those of one workspace, or with None of all."""
    for view in snapshot.services:
        if view.port is not None and workspace in (None, view.key.workspace):
            yield _verified(view, leased=view.key in snapshot.leases)


def _verified(view: ServiceView, *, leased: bool) -> Verified:
    holder = holders_text(view.listeners) if view.listeners else None
    conflict = next((each for each in view.conflicts if each.kind in _BY_KIND), None)
    if conflict is not None:
        return Verified(
            view=view,
            answer=_BY_KIND[conflict.kind],
            holder=holder or _elsewhere(conflict),
            detail=clean(conflict.detail),
            leased=leased,
        )
    if view.listeners and view.attribution is not None:
        return Verified(view=view, answer=Answer.OWNED, holder=holder, detail=_because(view.attribution), leased=leased)
    if leased:
        detail = "a living process uses it, and nobody listens"
        return Verified(view=view, answer=Answer.SILENT, holder=None, detail=detail, leased=True)
    return Verified(view=view, answer=Answer.IDLE, holder=None, detail="nobody listens", leased=False)


def _elsewhere(conflict: Conflict) -> str | None:
    return clean(conflict.holder) if conflict.holder else None


def _because(attribution: Attribution) -> str:
    why = clean(attribution.evidence[0]) if attribution.evidence else ""
    sure = "" if attribution.ownership is Ownership.CONFIRMED else "presumably: "
    return f"{sure}{why}"
