"""Moving services off their ports for another one: who may be moved, what it costs, and the rows that come of it."""

from portdash.model.assignment import Assignment
from portdash.planning.candidates import Search, new_row
from portdash.planning.drafting import Draft, loses
from portdash.planning.occupancy import Group, Occupancy
from portdash.planning.requests import Placement
from portdash.planning.rules import source_of

Price = tuple[int, int, int]
"""Running services disturbed, services moved, first choices lost."""


def may_displace(draft: Draft, claimant: Group, group: Group, *, whatever_was_done: bool = False) -> bool:
    """Say whether a service may be moved for the claimant's sake; one that the plan has touched already may not.

    With `whatever_was_done` only what lasts counts: whose it is, and how important.
    """
    occupancy, snapshot = draft.occupancy, draft.snapshot
    if not whatever_was_done and (group.members & draft.claimants or draft.touches(group.members)):
        return False
    return not (
        group.members & claimant.members
        or group.root.user != claimant.root.user
        or occupancy.is_pinned(group)
        or occupancy.priority(group) < occupancy.priority(claimant)
        or (not snapshot.policy.trusted and any(key.workspace != snapshot.workspace for key in group.members))
    )


def price_of(occupancy: Occupancy, group: Group, row: Assignment) -> Price:
    """Return what it costs that a service leaves the port of `row`."""
    return int(bool(occupancy.servers(group))), 1, int(loses(row, None))


def release_vanished(draft: Draft, group: Group, port: int) -> None:
    """Release the rows of workspaces that are gone from `port`, those that inherit first."""
    for key in filter(draft.occupancy.is_vanished, draft.occupancy.rivals(group, port)):
        for each in (*reversed(draft.occupancy.below(key)), key):
            if each in draft.occupancy.rows:
                draft.release(each, f"the directory of {draft.occupancy.names.workspace(each.workspace)} is gone")


def exchange_row(draft: Draft, group: Group, port: int, failed: Search | None = None) -> Assignment:
    """Return the row of a group that takes over `port`; where a search failed before, with what that tried."""
    placement = Placement(group.root, group.spec)
    return new_row(
        draft.snapshot,
        placement,
        port,
        source_of(group.spec, port),
        reasons=failed.reasons if failed else (),
        attempts=max(failed.attempts, 1) if failed else 1,
        actor=draft.actor,
    )
