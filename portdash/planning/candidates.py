"""Which ports a service would get, best first, and why not the others."""

from collections.abc import Iterable

from portdash.errors import InvalidPort, NoPortAvailable
from portdash.model.assignment import Assignment, Reason, ServiceKey, ServiceSpec, Source, Verdict
from portdash.model.policy import Policy
from portdash.model.ports import IpProtocol, parse_port
from portdash.model.snapshot import Snapshot
from portdash.named_tuple import NamedTuple
from portdash.planning.occupancy import Group, Occupancy
from portdash.planning.requests import Override, Placement
from portdash.planning.rules import candidate_ports, search_ranges, source_of
from portdash.record import record, replace
from portdash.text import and_list, clean

MOST_OPTIONS = 64
"""Options worth keeping: rivals may take a few of them before the claim."""
MOST_REASONS = 64
"""Reasons kept with a row, the choice included."""
ADVICE = "Consider expanding the port range or checking for port conflicts."
_TIERS = {Verdict.PREFERRED_BY: 1, Verdict.QUARANTINED: 1, Verdict.CONTAINER: 1, Verdict.VANISHED: 2}
"""Ports with these verdicts can be had when no better one is left."""


@record
class Search:
    """What a search came to."""

    options: tuple[Assignment, ...]
    """Complete rows, best first, each with its own trail; at most 64. All are equally good in kind: ports that are
    better left alone are among them only when there is no other."""
    reasons: tuple[Reason, ...]
    """Candidates refused before the first option; all of them when there is none."""
    attempts: int
    """Candidates tried until the first option."""
    exhausted_text: str
    """What an empty search came to, in one sentence; empty when there are options."""
    name: str = ""
    """Whose search it was, cleaned; empty when there are options."""

    @property
    def last_verdict(self) -> Verdict | None:
        """Why the best option would better be left alone, None when nothing speaks against it."""
        if not self.options:
            return None
        port = self.options[0].port
        return next((each.verdict for each in self.reasons if each.port == port and each.verdict in _TIERS), None)


class _Hit(NamedTuple):
    port: int
    attempts: int
    trail: int
    """How many refusals came before it."""


def search(snapshot: Snapshot, placement: Placement) -> Search:
    """Return what the service would get, in order: override, the port it has, preferred ports, then the search."""
    occupancy = Occupancy(snapshot, (placement,))
    group = occupancy.group(placement.key)
    refused: tuple[Reason, ...] = ()
    first: list[Assignment] = []
    row = snapshot.assignments.get(placement.key)
    if placement.override is not None:
        port, refusal = try_override(occupancy, group, placement.override)
        if refusal is not None:
            refused = (refusal,)
        elif port is not None and (row is None or row.port != port):
            first.append(new_row(snapshot, placement, port, Source.OVERRIDE))
    if row is not None and occupancy.is_usable(group, row.port):
        first.append(replace(row, spec=placement.spec))
    avoid = frozenset(each.port for each in first)
    rest = find(occupancy, group, refused=refused, avoid=avoid)
    if not first:
        return rest
    return Search((*first, *rest.options)[:MOST_OPTIONS], refused, len(refused) + 1, "")


def next_available(snapshot: Snapshot) -> int:
    """Return the port that the next service without wishes would get. Raises NoPortAvailable."""
    key = ServiceKey(snapshot.host, snapshot.user, snapshot.workspace, snapshot.environment, "", IpProtocol.TCP)
    found = search(snapshot, Placement(key, ServiceSpec(name="next")))
    if not found.options:
        raise NoPortAvailable(found.exhausted_text, reasons=found.reasons)
    return found.options[0].port


def find(
    occupancy: Occupancy,
    group: Group,
    *,
    refused: tuple[Reason, ...] = (),
    avoid: frozenset[int] = frozenset(),
    actor: str = "",
) -> Search:
    """Search the preferred ports and then the ranges of a group's root, leaving out those in `avoid`.

    `refused` is what was tried before. Ports that are better left alone count only when no other is left; those of
    workspaces that are gone come last, and their rows have to be released by whoever takes them.
    """
    trail = list(refused)
    attempts = sum(1 for each in refused if each.port is not None)
    tiers: tuple[list[_Hit], list[_Hit], list[_Hit]] = ([], [], [])
    tried = avoid | {each.port for each in refused}
    policy = occupancy.snapshot.policy
    for port in candidate_ports(group.spec, policy):
        if port in tried:
            continue
        attempts += 1
        refusal = occupancy.refusal(group, port)
        tier = 0 if refusal is None else _TIERS.get(refusal.verdict)
        if tier is not None:
            tiers[tier].append(_Hit(port, attempts, len(trail)))
        trail.append(refusal or Reason(port, Verdict.ASSIGNED, "a rival, a moment ago"))
        if len(tiers[0]) == MOST_OPTIONS:
            break
    best = next((number for number, tier in enumerate(tiers) if tier), None)
    if best is None:
        return Search((), tuple(trail), attempts, _exhausted(group.spec, policy, attempts), clean(group.spec.name))
    hits = tiers[best][:MOST_OPTIONS]
    if best > 0:  # everything was tried before these were
        hits = [hit._replace(attempts=attempts, trail=len(trail)) for hit in hits]
    options = tuple(_option(occupancy.snapshot, group, hit, trail, actor) for hit in hits)
    return Search(options, tuple(trail[: hits[0].trail]), hits[0].attempts, "")


def new_row(
    snapshot: Snapshot,
    placement: Placement,
    port: int,
    source: Source,
    *,
    reasons: tuple[Reason, ...] = (),
    attempts: int = 1,
    home: int | None = None,
    actor: str = "",
) -> Assignment:
    """Return a row for a service that gets `port` now; `reasons` are the refusals before it."""
    return Assignment(
        key=placement.key,
        spec=placement.spec,
        port=port,
        source=source,
        attempts=attempts,
        reasons=(*reasons[: MOST_REASONS - 1], Reason(port, Verdict.CHOSEN)),
        home=home,
        assigned_at=snapshot.taken_at,
        actor=actor,
    )


def try_override(occupancy: Occupancy, group: Group, override: Override) -> tuple[int | None, Reason | None]:
    """Return the port a variable asks for, and why it cannot be had; a wish for it by others does not count."""
    try:
        port = parse_port(override.value.strip())
    except InvalidPort:
        return None, Reason(None, Verdict.NOT_A_PORT)
    strangers = occupancy.strangers(group, port)
    rivals = occupancy.rivals(group, port)
    reason = (
        occupancy.forbidden(group, port)
        or occupancy.assigned(group, rivals, port)
        or occupancy.blocked(group, port, strangers)
    )
    if reason is None and rivals:
        reason = Reason(port, Verdict.VANISHED, occupancy.label(rivals[0]))
    return port, reason


def exhausted(found: Search, text: str = "") -> NoPortAvailable:
    """Return the error of a search that gave nothing usable, in the words that readers of port logs know."""
    whose = f"[{found.name}] " if found.name else ""
    beyond = {each.verdict for each in found.reasons} == {Verdict.OUT_OF_RANGE}
    hint = "all of them lie outside the bounds that PORTDASH_PORT_MIN and _MAX, or `range`, set" if beyond else None
    return NoPortAvailable(f"{whose}{text or found.exhausted_text} {ADVICE}", hint=hint, reasons=found.reasons)


def _option(snapshot: Snapshot, group: Group, hit: _Hit, trail: Iterable[Reason], actor: str) -> Assignment:
    return new_row(
        snapshot,
        Placement(group.root, group.spec),
        hit.port,
        source_of(group.spec, hit.port),
        reasons=tuple(list(trail)[: hit.trail]),
        attempts=hit.attempts,
        actor=actor,
    )


def _exhausted(spec: ServiceSpec, policy: Policy, attempts: int) -> str:
    ranges = and_list(str(each) for each in search_ranges(spec, policy))
    return f"No available ports found in range {ranges} after {attempts} attempts."
