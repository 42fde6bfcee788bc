"""What the resolve screen says about a conflict, about consent, and about a world that moved on. Pure."""

from collections.abc import Iterable, Sequence

from portdash.model.assignment import ServiceKey
from portdash.model.conflict import Conflict, ConflictKind
from portdash.model.plan import Plan
from portdash.model.snapshot import Snapshot
from portdash.record import record
from portdash.report.starting import service_label
from portdash.text import and_list, clean, plural

_HELD = (ConflictKind.SQUATTED, ConflictKind.DUPLICATE, ConflictKind.MUTUAL)


@record
class Consent:
    """How a person agrees to what cannot be taken back."""

    asks: str
    answer: str
    """What has to be typed."""


def consent_word(plan: Plan) -> Consent:
    """Return what to type: the port of the one that is ended, or how many are."""
    targets = [step.target for step in plan.steps if step.target]
    whom = and_list(clean(each.whole) for each in targets)
    if len(targets) == 1:
        return Consent(f"This ends {whom}. Type its port, {targets[0].port}, to agree:", str(targets[0].port))
    return Consent(f"This ends {whom}. Type how many, {len(targets)}, to agree:", str(len(targets)))


def headline(snapshot: Snapshot, key: ServiceKey | None) -> str:
    """Return who suffers what from whom: `Resolve ▲ squatted   shop/web wants 3000   held by node 4121`."""
    if key is None:
        conflicts = [each for each in snapshot.conflicts if not each.kind.is_notice]
        return f"Resolve ▲ {plural(len(conflicts), 'conflict')}"
    view = snapshot.service(key)
    mine = [each for each in (view.conflicts if view else ()) if not each.kind.is_notice]
    if not mine:
        return f"Resolve   {service_label(snapshot, key)} has no conflict any more"
    first = mine[0]
    more = f" and {len(mine) - 1} more" if len(mine) > 1 else ""
    return f"Resolve ▲ {first.kind}{more}   {service_label(snapshot, key)} {_suffers(first)}"


def _suffers(conflict: Conflict) -> str:
    if conflict.kind in _HELD or not conflict.detail:
        held = f"   held by {clean(conflict.holder)}" if conflict.holder else ""
        return f"wants {conflict.port}{held}"
    return f"{conflict.port}   {clean(conflict.detail)}"


def what_differs(old: Snapshot, new: Snapshot, key: ServiceKey | None, plans: Sequence[Plan]) -> str:
    """Return in what `new` differs from `old` that `plans` rest on; empty when they are as good as they were."""
    if new.revision != old.revision:
        return "assignments were changed"
    ports = _ports(old, key, plans)
    before, now = _holders(old, ports), _holders(new, ports)
    changed = sorted({holder[0] for holder in before ^ now})
    if not changed:
        return ""
    return f"{and_list(str(port) for port in changed)} {'has' if len(changed) == 1 else 'have'} another holder"


def _ports(snapshot: Snapshot, key: ServiceKey | None, plans: Iterable[Plan]) -> frozenset[int]:
    """Return every port that the conflicts and the plans are about."""
    ports = {each.port for each in snapshot.conflicts if key is None or each.key == key}
    for plan in plans:
        for step in plan.steps:
            ports |= {port for port in (step.from_port, step.to_port) if port is not None}
            ports |= {step.target.port} if step.target else set()
    view = snapshot.service(key) if key else None
    return frozenset(ports | ({view.port} if view and view.port else set()))


def _holders(snapshot: Snapshot, ports: frozenset[int]) -> frozenset[tuple[int, str, str, int, int, str]]:
    """Return who listens on `ports`, by what makes a holder one and the same."""
    return frozenset(
        (
            each.port,
            each.protocol.value,
            each.address,
            each.pid or 0,
            each.owner.ticks if each.owner else 0,
            each.container.id if each.container else "",
        )
        for each in (seen.listener for seen in snapshot.listeners)
        if each.port in ports
    )
