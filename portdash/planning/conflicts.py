"""Where intent and reality disagree, service by service, with who is in the way and a sentence that explains it."""

from collections.abc import Iterable, Iterator, Mapping

from portdash.model.assignment import Assignment, ServiceKey, ServiceSpec, Source
from portdash.model.conflict import Conflict, ConflictKind
from portdash.model.listener import Listener
from portdash.model.names import base_name
from portdash.model.policy import Policy, PortLimits
from portdash.model.snapshot import SeenListener, Snapshot
from portdash.named_tuple import NamedTuple
from portdash.planning.occupancy import Group, Occupancy
from portdash.planning.rules import DYNAMIC, is_browser_blocked, outside, own_range, ranges_of_type
from portdash.planning.wording import Names, holders_text
from portdash.text import and_list, clean

SEVERITY = {kind: number for number, kind in enumerate(ConflictKind)}
"""Worst first: the order in which the kinds are declared."""


class Circumstances(NamedTuple):
    """One service as its conflicts see it."""

    row: Assignment
    spec: ServiceSpec
    here: tuple[SeenListener, ...]
    """Who listens on its port, judged from its side."""
    elsewhere: tuple[Listener, ...]
    """Its own servers on other ports."""


def find_conflicts(occupancy: Occupancy, case: Circumstances) -> tuple[Conflict, ...]:
    """Return a service's conflicts, worst first, notices last."""
    found = [
        *_with_listeners(case),
        *_with_services(occupancy, case),
        *_notices(case, occupancy.snapshot.policy, occupancy.snapshot.limits),
    ]
    return tuple(sorted(found, key=lambda each: SEVERITY[each.kind])) if found else ()


def contested(snapshot: Snapshot) -> tuple[Conflict, ...]:
    """Return the pairs of services of one workspace that prefer one port, from the side of the less important.

    Instances of one service (`web`, `web@2`) prefer the same ports by nature, and contest none.
    """
    names = Names.of(snapshot.workspaces, snapshot.environment)
    titles = {view.key: view.name for view in snapshot.services}
    found = []
    for (_, port), wanting in sorted(_wishes(snapshot).items(), key=lambda item: (item[0][1], item[0][0])):
        (_, first), *others = sorted(wanting)
        for _, key in others:
            if base_name(key.service) == base_name(first.service):
                continue
            found.append(
                Conflict(
                    kind=ConflictKind.CONTESTED,
                    key=key,
                    name=titles[key],
                    port=port,
                    protocol=key.protocol,
                    holder=names.service(first, titles[first]),
                    detail=f"{clean(titles[key])} and {clean(titles[first])} both prefer {port}",
                )
            )
    return tuple(found)


def _wishes(snapshot: Snapshot) -> dict[tuple[ServiceKey, int], list[tuple[int, ServiceKey]]]:
    """Return who prefers a port, with the priority of each, by place and port."""
    occupancy = Occupancy(snapshot)
    wishes: dict[tuple[ServiceKey, int], list[tuple[int, ServiceKey]]] = {}
    for view in snapshot.services:
        if view.spec.inherit_from is None:
            rank = occupancy.priority(Group(view.key, view.spec, frozenset({view.key}), (view.key.protocol,)))
            for port in dict.fromkeys(view.spec.preferred):
                wishes.setdefault((_place_of(view.key), port), []).append((rank, view.key))
    return wishes


def _place_of(key: ServiceKey) -> ServiceKey:
    """Return what services of one workspace, environment and protocol have in common."""
    return ServiceKey(key.host, key.user, key.workspace, key.environment, "", key.protocol)


def _with_listeners(case: Circumstances) -> Iterator[Conflict]:
    if not case.here and not case.elsewhere:
        return
    row, name = case.row, clean(case.row.name)
    ours = [seen.listener for seen in case.here if seen.attribution.ownership.is_ours]
    theirs = [seen.listener for seen in case.here if not seen.attribution.ownership.is_ours]
    if theirs and not ours:
        evidence = next((seen.attribution.evidence for seen in case.here if seen.attribution.evidence), ())
        why = f": {evidence[0]}" if evidence else ""
        holder = holders_text(theirs)
        yield _conflict(ConflictKind.SQUATTED, row, holder, f"{name} cannot have {row.port}{why}")
    if ours and theirs:
        yield from _shadows(row, ours, theirs)
    if case.elsewhere and not ours:
        ports = and_list(str(port) for port in sorted({each.port for each in case.elsewhere}))
        holder = holders_text(case.elsewhere)
        yield _conflict(ConflictKind.MISPLACED, row, holder, f"{name} runs on {ports} instead of {row.port}: {holder}")


def _shadows(row: Assignment, ours: list[Listener], theirs: list[Listener]) -> Iterator[Conflict]:
    """Yield the conflict with those who answer some of the clients that say localhost in the service's place."""
    from portdash.planning.answers import reach_text, who_answers  # noqa: PLC0415  rare

    answers = who_answers((*ours, *theirs))
    answering = [each for answer in answers.localhost for each in answer.listeners]
    strangers = [each for each in theirs if each in answering]
    if strangers:
        detail = f"another server answers part of localhost:{row.port}: {reach_text(answers, row.port, ours)}"
        yield _conflict(ConflictKind.SHADOWED, row, holders_text(strangers), detail)


def _with_services(occupancy: Occupancy, case: Circumstances) -> Iterator[Conflict]:
    """Yield the services that have the port too, or share it though they must not."""
    if len(occupancy.on_port(case.row.port)) == 1:
        return
    row, name = case.row, clean(case.row.name)
    alone = Group(row.key, row.spec, frozenset({row.key}), (row.key.protocol,))
    root = occupancy.root(row.key)
    for key in sorted(occupancy.rivals(alone, row.port)):
        other = occupancy.label(key)
        is_relative = occupancy.root(key) == root
        if key.protocol is row.key.protocol and not is_relative:
            yield _conflict(ConflictKind.DUPLICATE, row, other, f"{name} and {other} both have {row.port}")
        if occupancy.is_mutual(alone, key):
            by = " by inheritance" if is_relative else ""
            detail = f"{name} and {other} must not share a port, and both have {row.port}{by}"
            yield _conflict(ConflictKind.MUTUAL, row, other, detail)


def _notices(case: Circumstances, policy: Policy, limits: PortLimits) -> Iterator[Conflict]:
    row, spec, name = case.row, case.spec, clean(case.row.name)
    if row.source is Source.INHERITED:
        return
    asked = row.source in (Source.OVERRIDE, Source.PREFERRED, Source.DETECTED) or row.port in spec.preferred
    overflow = () if own_range(spec) else ranges_of_type(DYNAMIC, policy)
    if not asked and not any(row.port in each for each in overflow) and (where := outside(spec, row.port, policy)):
        yield _conflict(ConflictKind.OUT_OF_RANGE, row, None, f"{name} has {row.port}, outside {where}")
    if row.port in spec.exclude:
        yield _conflict(ConflictKind.FORBIDDEN, row, None, f"{name} has {row.port}, which it excludes")
    elif row.port in limits.reserved:
        yield _conflict(ConflictKind.FORBIDDEN, row, "the system", f"{row.port} is reserved by the system")
    elif is_browser_blocked(spec, row.port):
        yield _conflict(ConflictKind.FORBIDDEN, row, "browsers", f"browsers and fetch refuse to talk to {row.port}")


def _conflict(kind: ConflictKind, row: Assignment, holder: str | None, detail: str) -> Conflict:
    return Conflict(
        kind=kind,
        key=row.key,
        name=row.name,
        port=row.port,
        protocol=row.key.protocol,
        holder=holder,
        detail=detail,
    )


def worst_first(conflicts: Iterable[Conflict], place: Mapping[ServiceKey, int]) -> tuple[Conflict, ...]:
    """Sort the conflicts of many services; within a kind as the services stand."""
    return tuple(sorted(conflicts, key=lambda each: (SEVERITY[each.kind], place.get(each.key, 0))))
