"""Finding the service that each listener belongs to, or whose port it is on, for thousands of both."""

from collections.abc import Iterable, Mapping

from portdash.model.assignment import Assignment, Match, ServiceKey, ServiceSpec
from portdash.model.listener import Attribution, Listener, Ownership
from portdash.model.snapshot import SeenListener, Snapshot
from portdash.planning.inheritance import plain, root_of
from portdash.planning.occupancy import Slot
from portdash.planning.ownership import OwnershipFacts, attribute, fits, gather, is_specific, leased_to
from portdash.planning.places import upwards
from portdash.planning.recognised import Recognised

_ORDER = {Ownership.CONFIRMED: 0, Ownership.PRESUMED: 1, Ownership.FOREIGN: 2, Ownership.UNKNOWN: 3}


def recognise(
    listeners: Iterable[Listener],
    specs: Mapping[ServiceKey, ServiceSpec],
    rows: Mapping[ServiceKey, Assignment],
    facts: OwnershipFacts,
) -> Recognised:
    """Attribute every listener: to the service on whose port it is, else to one whose lease or rule it fits.

    `specs` are all known services, with or without a row. Services that share a port are judged together.
    """
    by_slot = _units_by_slot(specs, rows)
    here: dict[ServiceKey, list[SeenListener]] = {}
    found: list[SeenListener] = []
    for listener in listeners:
        best: SeenListener | None = None
        for unit in by_slot.get((listener.protocol, listener.port), ()):
            seen = SeenListener(listener, unit[0], _judge(listener, unit, specs, facts))
            for key in unit:
                here.setdefault(key, []).append(seen)
            if best is None or (seen.is_owned and not best.is_owned):
                best = seen
        found.append(best or SeenListener(listener))
    running = {key for key, seen in here.items() if any(each.is_owned for each in seen)}
    elsewhere = _attribute_strays(found, running, specs, rows, facts)
    return Recognised(tuple(found), here, elsewhere)


def would_own(snapshot: Snapshot, seen: SeenListener, row: Assignment) -> bool:
    """Say whether a listener is, or would be if the service had `row`, taken for the service's own server."""
    if seen.is_owned:
        specs = {key: each.spec for key, each in snapshot.assignments.items()} | {row.key: row.spec}
        return seen.key is not None and root_of(seen.key, specs) == root_of(row.key, specs)
    facts = gather(
        workspaces=snapshot.workspaces,
        leases=snapshot.leases,
        assignments={**snapshot.assignments, row.key: row},
        environment=snapshot.environment,
    )
    return attribute(seen.listener, row.key, row.spec, facts).ownership.is_ours


def _units_by_slot(
    specs: Mapping[ServiceKey, ServiceSpec], rows: Mapping[ServiceKey, Assignment]
) -> dict[Slot, list[list[ServiceKey]]]:
    """Return the services on each port; those that share it by inheritance are one unit, the root first."""
    units: dict[Slot, dict[ServiceKey, list[ServiceKey]]] = {}
    for key in sorted(rows, key=plain):
        row = rows[key]
        root = key if row.spec.inherit_from is None else root_of(key, specs)
        unit = units.setdefault((key.protocol, row.port), {}).setdefault(root, [])
        unit.insert(0 if key == root else len(unit), key)
    return {slot: list(each.values()) for slot, each in units.items()}


def _judge(
    listener: Listener, unit: list[ServiceKey], specs: Mapping[ServiceKey, ServiceSpec], facts: OwnershipFacts
) -> Attribution:
    """Return the verdict of a unit: ours if it is any member's, else that of the first."""
    first = attribute(listener, unit[0], specs[unit[0]], facts)
    if first.ownership is Ownership.CONFIRMED or len(unit) == 1:
        return first
    verdicts = [first, *(attribute(listener, key, specs[key], facts) for key in unit[1:])]
    best = min(verdicts, key=lambda each: _ORDER[each.ownership])
    return best if best.ownership.is_ours else first


def _attribute_strays(
    found: list[SeenListener],
    running: set[ServiceKey],
    specs: Mapping[ServiceKey, ServiceSpec],
    rows: Mapping[ServiceKey, Assignment],
    facts: OwnershipFacts,
) -> dict[ServiceKey, list[Listener]]:
    """Give listeners that are nobody's on their port to the services they are recognised as, and return those."""
    rules = _Rules(specs)
    elsewhere: dict[ServiceKey, list[Listener]] = {}
    for number, seen in enumerate(found):
        if seen.is_owned or not (rules or facts.leases):
            continue
        listener = seen.listener
        key = _leaseholder(listener, specs, facts) or rules.service_of(listener, running, facts)
        if key is None or (key in rows and rows[key].port == listener.port):
            continue
        attribution = attribute(listener, key, specs[key], facts)
        if attribution.ownership is Ownership.CONFIRMED:
            found[number] = SeenListener(listener, key, attribution)
            elsewhere.setdefault(key, []).append(listener)
    return elsewhere


def _leaseholder(
    listener: Listener, specs: Mapping[ServiceKey, ServiceSpec], facts: OwnershipFacts
) -> ServiceKey | None:
    """Return the one service that the listener's process has leased, None when it has leased several or none."""
    found = leased_to(listener, facts)
    if found is None:
        return None
    roots = {root_of(key, specs) for key in found[1] if key in specs and key.protocol is listener.protocol}
    return next(iter(roots)) if len(roots) == 1 else None


class _Rules:
    """The services' rules, found by process name and directory instead of tried one after another."""

    def __init__(self, specs: Mapping[ServiceKey, ServiceSpec]) -> None:
        self._by: dict[tuple[str | None, str | None], list[tuple[ServiceKey, Match]]] = {}
        for key, spec in sorted(specs.items(), key=lambda item: plain(item[0])):
            match = spec.match
            if match is not None and is_specific(match):
                name = match.process.casefold() if match.process else None
                place = match.directory.rstrip("/\\") if match.directory else None
                self._by.setdefault((name, place), []).append((key, match))
        self._names = {name for name, _ in self._by}
        self._places = {place for _, place in self._by}

    def __bool__(self) -> bool:
        return bool(self._by)

    def service_of(self, listener: Listener, running: set[ServiceKey], facts: OwnershipFacts) -> ServiceKey | None:
        """Return the one service whose rule fits; of several, the only one that does not run where it should."""
        fitting = [
            key
            for key, match in self._near(listener)
            if key.protocol is listener.protocol and fits(match, listener) and key.workspace in facts.places.workspaces
        ]
        if len(fitting) > 1:
            fitting = [key for key in fitting if key not in running]
        return fitting[0] if len(fitting) == 1 else None

    def _near(self, listener: Listener) -> Iterable[tuple[ServiceKey, Match]]:
        owner, container = listener.owner, listener.container
        names = (container.name, container.compose_service) if container else (owner.name if owner else None,)
        known = [name.casefold() for name in names if name and name.casefold() in self._names]
        if None in self._names:
            known_or_any: list[str | None] = [*known, None]
        else:
            known_or_any = [*known]
        if not known_or_any:
            return
        place = listener.project.root if container and listener.project else owner.cwd if owner else None
        for directory in (*(upwards(place) if place else ()), None):
            for name in known_or_any if directory in self._places else ():
                yield from self._by.get((name, directory), ())
