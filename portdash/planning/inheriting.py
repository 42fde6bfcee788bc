"""A service that shares the port of another one: that port or an error, nothing else."""

from portdash.errors import NoPortAvailable, NoSuchService, UsageError
from portdash.model.plan import Strategy
from portdash.planning.candidates import try_override
from portdash.planning.drafting import Draft
from portdash.planning.inheritance import chain, parent_of
from portdash.planning.occupancy import Group
from portdash.planning.overriding import describe
from portdash.planning.requests import Placement
from portdash.text import clean


def place_child(draft: Draft, placement: Placement) -> None:
    """Draft the parent's port for a service. Raises NoSuchService, UsageError, NoPortAvailable."""
    occupancy = draft.occupancy
    name, parent_name = clean(placement.spec.name), clean(placement.spec.inherit_from or "")
    parent = parent_of(placement.key, occupancy.specs)
    row = occupancy.rows.get(parent) if parent else None
    if parent is None or row is None:
        raise NoSuchService(
            f"{name} inherits the port of {parent_name}, which has none",
            hint=f"allocate both: `portdash allocate {parent_name} {name}`",
        )
    _check_mutual(draft, placement)
    if parent.protocol is not placement.key.protocol:
        _check_free(draft, placement, row.port)
    _check_override(draft, placement, row.port)
    before = occupancy.rows.get(placement.key)
    if draft.strategy is Strategy.CONSERVATIVE and before is not None and before.port != row.port:
        text = f"{occupancy.label(placement.key)} stays on {before.port} though it inherits {row.port} of {parent_name}"
        draft.leave(text, asked=True)
        return
    draft.inherit(placement.key, placement.spec, row.port)
    for key in occupancy.below(placement.key):
        draft.inherit(key, occupancy.spec(key), row.port)


def _check_mutual(draft: Draft, placement: Placement) -> None:
    """Nobody can both share a port with another service and be forbidden to."""
    occupancy = draft.occupancy
    spec = placement.spec
    ours = {name.casefold() for name in spec.conflicts_with}
    for above in list(chain(placement.key, occupancy.specs))[1:]:
        theirs = {name.casefold() for name in occupancy.spec(above).conflicts_with}
        if above.service in ours or placement.key.service in theirs:
            other = clean(occupancy.spec(above).name)
            raise UsageError(
                f"{clean(spec.name)} inherits the port of {other} and must not share it",
                hint="take out either `inherit_from` or `conflicts_with`",
            )


def _check_free(draft: Draft, placement: Placement, port: int) -> None:
    """The same number in the other protocol is another port: it has to be free by itself."""
    alone = Group(placement.key, placement.spec, frozenset({placement.key}), (placement.key.protocol,))
    rivals = [key for key in draft.occupancy.rivals(alone, port) if key.protocol is placement.key.protocol]
    refusal = draft.occupancy.assigned(alone, rivals, port) or draft.occupancy.blocked(
        alone, port, draft.occupancy.strangers(alone, port)
    )
    if refusal is not None:
        slot = f"{port}/{placement.key.protocol}"
        name = clean(placement.spec.name)
        raise NoPortAvailable(f"{name} would share {slot}, which {refusal.holder} holds", reasons=(refusal,))


def _check_override(draft: Draft, placement: Placement, port: int) -> None:
    override = placement.override
    if override is None:
        return
    alone = Group(placement.key, placement.spec, frozenset({placement.key}), (placement.key.protocol,))
    asked, refusal = try_override(draft.occupancy, alone, override)
    if asked == port:
        return
    said = (
        describe(override, refusal)
        if refusal and asked is None
        else f"{clean(override.variable)}={asked} is not {port}"
    )
    problem = f"{said}, the port it inherits"
    if placement.strict:
        raise UsageError(problem, hint=f"unset {clean(override.variable)}")
    draft.notice(f"{clean(placement.spec.name)}: {problem}; it keeps sharing {port}")
