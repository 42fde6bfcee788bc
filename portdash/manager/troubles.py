"""Which services are in conflict, and what is to be told when that changes."""

from collections.abc import Iterable, Iterator

from portdash.model.conflict import Conflict
from portdash.model.history import Event, EventKind
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.record import replace

Trouble = tuple[str, str, str, int]
"""Host, workspace, service without regard to case, port: what an event says of a conflict. A service that is in several
conflicts on one port is in one trouble."""


def worst_of(conflicts: Iterable[Conflict]) -> dict[Trouble, Conflict]:
    """Return the worst conflict of each trouble; `conflicts` come worst first, and notices are none."""
    found: dict[Trouble, Conflict] = {}
    for each in conflicts:
        if not each.kind.is_notice:
            found.setdefault((each.key.host, each.key.workspace, each.key.service, each.port), each)
    return found


def conflict_event(kind: EventKind, conflict: Conflict, *, at: float, actor: str, revision: int = 0) -> Event:
    """Return the line of history for a conflict that was found, or that is gone."""
    return Event(
        kind=kind,
        at=at,
        workspace=conflict.key.workspace,
        service=conflict.name,
        actor=actor,
        reason=f"{conflict.kind}: {conflict.detail}" if conflict.detail else conflict.kind.value,
        from_port=conflict.port,
        revision=revision,
        host=conflict.key.host,
    )


def kind_of(event: Event) -> str:
    """Return the kind of the conflict that an event of `conflict_event` is about."""
    return event.reason.partition(":")[0]


def trouble_of(event: Event) -> Trouble:
    """Return the trouble that an event is about."""
    return event.host, event.workspace, event.service.casefold(), event.from_port or 0


def settled_by(snapshot: Snapshot, plan: Plan) -> tuple[tuple[Conflict, ...], tuple[Conflict, ...]]:
    """Return the conflicts that a plan deals with, and those of them that are gone once it is applied.

    It deals with those of the services it touches, and with whatever else it ends. Undoing and giving back settle
    nothing: the one brings back what was, and without a port nobody can be in conflict over it.
    """
    troubles = worst_of(snapshot.conflicts)
    touched = {step.key for step in plan.steps}
    freed = {step.from_port for step in plan.steps} | {step.target.port for step in plan.steps if step.target}
    if plan.undoes or not any(each.key in touched or each.port in freed for each in troubles.values()):
        return (), ()
    from portdash.planning.prospect import after  # noqa: PLC0415  mostly there is no conflict

    prospect = after(snapshot, plan)
    left = {conflict.key for conflict in worst_of(prospect.conflicts).values()}
    gone = tuple(each for each in troubles.values() if each.key not in left and each.key in prospect.assignments)
    found = tuple(each for each in troubles.values() if each in gone or each.key in touched & left)
    return found, gone


class Troubles:
    """The troubles that are known, from what is seen and from what others write into the history.

    Whichever comes first is told, and the other is not: each trouble begins once and ends once.
    """

    def __init__(self, actor: str) -> None:
        self._actor = actor
        self._open: dict[Trouble, Event] = {}
        """With the event that began it."""
        self._is_begun = False
        self._revision = 0
        """Of the store, as far as it was read."""

    def begin(self, snapshot: Snapshot) -> None:
        """Take what is in conflict now as known: nothing of it is news."""
        self._is_begun = True
        self._revision = snapshot.revision
        self._open = self._found(snapshot)

    def see(self, snapshot: Snapshot) -> tuple[Event, ...]:
        """Return what has ended and what has begun; a snapshot older than what was read is passed over.

        The first look of all, where `begin` could not have one, tells nothing.
        """
        if not self._is_begun:
            self.begin(snapshot)
        if snapshot.revision < self._revision:
            return ()
        found, before = self._found(snapshot), self._open
        self._open = {trouble: before.get(trouble, event) for trouble, event in found.items()}
        ended = (
            replace(event, kind=EventKind.RESOLVED, at=snapshot.taken_at, actor=self._actor, revision=snapshot.revision)
            for trouble, event in before.items()
            if trouble not in found
        )
        return (*ended, *(event for trouble, event in found.items() if trouble not in before))

    def sift(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield events that were read, without those of conflicts that are known already."""
        for event in events:
            self._revision = max(self._revision, event.revision)
            trouble = trouble_of(event)
            if event.kind is EventKind.CONFLICT:
                if trouble in self._open:
                    continue
                self._open[trouble] = event
            elif event.kind is EventKind.RESOLVED and self._open.pop(trouble, None) is None:
                continue
            yield event

    def _found(self, snapshot: Snapshot) -> dict[Trouble, Event]:
        return {
            trouble: conflict_event(
                EventKind.CONFLICT, each, at=snapshot.taken_at, actor=self._actor, revision=snapshot.revision
            )
            for trouble, each in worst_of(snapshot.conflicts).items()
        }
