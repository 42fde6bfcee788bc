"""Planning ports for services that ask for one: all of them, or none."""

from collections.abc import Sequence

from portdash.errors import UsageError
from portdash.model.assignment import Reason, Source
from portdash.model.plan import Plan, Strategy
from portdash.model.snapshot import Snapshot
from portdash.planning.drafting import Draft
from portdash.planning.exporting import check_variables
from portdash.planning.inheritance import chain, check_acyclic
from portdash.planning.requests import Placement
from portdash.planning.wording import title
from portdash.text import clean


def plan_allocate(snapshot: Snapshot, placements: Sequence[Placement], *, strategy: Strategy, actor: str) -> Plan:
    """Plan a port for every placement; one that has a usable port keeps it, and nothing changes for it.

    The more important is served first, and of equals who is asked for first; a service that inherits comes after its
    parent. Raises UsageError (a circle, a service asked for twice, one variable for two), NoSuchService (a parent
    without a port), NoPortAvailable, and with `strict` InvalidPort.
    """
    keys = [each.key for each in placements]
    if twice := next((each for each in placements if keys.count(each.key) > 1), None):
        raise UsageError(f"{clean(twice.spec.name)} is asked for twice")
    draft = Draft(snapshot, strategy=strategy, actor=actor, placements=placements)
    check_acyclic(keys, draft.occupancy.specs)
    for placement in sorted(placements, key=lambda each: _turn(draft, each)):
        _place(draft, placement)
    check_variables(draft, keys)
    return draft.finish(title("allocate", (each.spec.name for each in placements)))


def _turn(draft: Draft, placement: Placement) -> tuple[int, int]:
    """Order placements: those that stop sharing a port first, for they are in the way there, then parents first."""
    row = draft.occupancy.rows.get(placement.key)
    if placement.spec.inherit_from is None and row is not None and row.source is Source.INHERITED:
        return 0, 0
    depth = sum(1 for _ in chain(placement.key, draft.occupancy.specs))
    return depth, draft.occupancy.priority(draft.occupancy.group(placement.key))


def _place(draft: Draft, placement: Placement) -> None:
    """Draft one service's port: its parent's, or by its variable, or where it runs, or the one it has, or a new one."""
    if placement.spec.inherit_from is not None:
        from portdash.planning.inheriting import place_child  # noqa: PLC0415  few services inherit

        place_child(draft, placement)
        return
    decided, refused = _by_variable(draft, placement)
    if decided:
        return
    if placement.detect is not None and _by_detection(draft, placement, refused):
        return
    if placement.key in draft.occupancy.rows:
        from portdash.planning.keeping import keep  # noqa: PLC0415  a new one has nothing to keep

        keep(draft, placement, refused)
        return
    from portdash.planning.placing import place_new  # noqa: PLC0415  mostly a service has its port already

    place_new(draft, placement, refused)


def _by_detection(draft: Draft, placement: Placement, refused: tuple[Reason, ...]) -> bool:
    """Draft the port on which the service's server is found to run already; say whether there is one to go to."""
    from portdash.planning.detecting import follow, place_where_it_runs  # noqa: PLC0415  few services are detected

    if placement.key in draft.occupancy.rows:
        return follow(draft, placement)
    return place_where_it_runs(draft, placement, refused)


def _by_variable(draft: Draft, placement: Placement) -> tuple[bool, tuple[Reason, ...]]:
    """Draft the port of the service's variable; return whether that settled it, and otherwise why it did not."""
    if placement.override is None:
        return False, ()
    from portdash.planning.overriding import place_override  # noqa: PLC0415  few variables are set

    return place_override(draft, placement, placement.override)
