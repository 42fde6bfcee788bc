"""Planning to take an operation back, as far as the world still allows it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from portdash.model.assignment import Assignment, ServiceKey, Source
from portdash.model.history import Change, Operation
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.planning.drafting import Draft
from portdash.planning.inheritance import parent_of
from portdash.planning.recognition import would_own
from portdash.planning.releasing import say_what_runs_on
from portdash.planning.restarting import is_supervised, makes_room
from portdash.planning.wording import holder_text, name_for_shell
from portdash.text import clean

_REASON = "it was so before"


def plan_undo(snapshot: Snapshot, operation: Operation, *, actor: str) -> Plan:
    """Plan the rows as they were before `operation`. What has changed since is left and said; processes stay ended."""
    draft = Draft(snapshot, strategy=snapshot.policy.strategy, actor=actor)
    if operation.undone:
        draft.leave(f"{clean(operation.title)} was taken back already", asked=True)
    else:
        as_left = [change for change in operation.changes if _is_as_left(draft, change)]
        waiting = _together(draft, [change for change in as_left if not _is_kept_by_a_run(draft, change, as_left)])
        going = frozenset(change.key for change in waiting)
        while waiting:
            # Those first that are in nobody's way; where there is none, some have to change places.
            ready = next((change for change in waiting if _obstacle(draft, change, ()) is None), waiting[0])
            _take_back(draft, ready, going)
            waiting.remove(ready)
        if not draft.has_steps:
            draft.ask_for_all()
    return replace(draft.finish(f"undo: {clean(operation.title)}"), undoes=operation.id)


def _is_as_left(draft: Draft, change: Change) -> bool:
    """Say whether the row is still what the operation made of it, and note it where it is not."""
    row = draft.occupancy.rows.get(change.key)
    after = change.after
    if row == after:  # whatever wrote it last: taking back a later operation wrote it, too
        return True
    draft.leave(f"{clean(_row(change).name)} stays as it is: it has changed since", asked=False)
    return False


def _is_kept_by_a_run(draft: Draft, change: Change, others: Iterable[Change]) -> bool:
    """Say whether a service got its port by the operation and is run by portdash, or got it with one that is.

    Who runs it could not be asked to end it any more. That it stays is noted.
    """
    if change.before is not None:
        return False
    for each in others:
        is_run = each.before is None and is_supervised(draft.snapshot, each.key)
        if is_run and change.key in (each.key, *draft.occupancy.below(each.key)):
            run = name_for_shell(draft.snapshot, _row(each))
            runs = f"portdash runs {'it' if each is change else run}; `portdash stop {run}` ends it"
            draft.leave(f"{clean(_row(change).name)} stays as it is: {runs}", asked=False)
            return True
    return False


def _together(draft: Draft, changes: Sequence[Change]) -> list[Change]:
    """Return those that can be taken back if all of them are; what keeps the others from it is said."""
    kept = list(changes)
    while blocked := next(((each, why) for each in kept if (why := _obstacle(draft, each, kept))), None):
        change, why = blocked
        kept.remove(change)
        draft.leave(f"{clean(_row(change).name)} stays as it is: {why}", asked=False)
    return kept


def _obstacle(draft: Draft, change: Change, others: Iterable[Change]) -> str | None:
    """Return what keeps a row from being as it was, None when it can be once the `others` are as they were."""
    row, after, occupancy = change.before, change.after, draft.occupancy
    going = {each.key: each.before for each in others}
    if row is None:
        heirs = [key for key in occupancy.below(change.key) if key not in going]
        return f"{occupancy.label(heirs[0])} shares its port" if heirs else None
    if after is not None and after.port == row.port:
        return None
    then = {each.key: each.spec for each in (row, *going.values()) if each}
    parent = parent_of(row.key, occupancy.specs | then)
    if row.source is Source.INHERITED:
        shared = (going[parent] if parent in going else occupancy.rows.get(parent)) if parent else None
        if shared is None or shared.port != row.port:
            return f"{clean(row.spec.inherit_from or '')} does not have {row.port}"
        return None
    for key in occupancy.at((row.key.protocol, row.port)):
        stays = going[key] if key in going else occupancy.rows[key]
        if key != row.key and stays is not None and stays.port == row.port:
            return f"{row.port} is {occupancy.label(key)}'s by now"
    return None


def _take_back(draft: Draft, change: Change, going: frozenset[ServiceKey]) -> None:
    if change.before is None:
        say_what_runs_on(draft, change.key)
        draft.release(change.key, _REASON)
        return
    _say_who_listens(draft, change.before, going)
    draft.set_row((change.before,), _REASON)
    if change.after is not None and change.after.port != change.before.port:
        draft.say_what_runs(draft.occupancy.group(change.key), change.before.port)


def _say_who_listens(draft: Draft, row: Assignment, going: frozenset[ServiceKey]) -> None:
    """Note whose server sits on the port that a row goes back to: it may well be the reason for leaving it.

    Not that of a service among those `going` back, too, which is restarted where it goes.
    """
    for seen in draft.snapshot.listeners:
        on_it = (seen.listener.protocol, seen.listener.port) == (row.key.protocol, row.port)
        leaves = seen.key in going and makes_room(draft.snapshot, seen)
        if on_it and not leaves and not would_own(draft.snapshot, seen, row):
            holder = holder_text(seen.listener)
            draft.notice(f"{holder} listens on {row.port}: {clean(row.name)} is in conflict again")
            return


def _row(change: Change) -> Assignment:
    row = change.before or change.after
    assert row is not None
    return row
