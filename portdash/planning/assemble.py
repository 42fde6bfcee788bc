"""Joining what the store says with what the machine shows: one snapshot, with ownership, status and conflicts."""

from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from types import MappingProxyType

from portdash.model.assignment import Assignment, Lease, ServiceKey, ServiceSpec
from portdash.model.conflict import Conflict, ConflictKind
from portdash.model.health import Health
from portdash.model.listener import Listener
from portdash.model.policy import Policy, PortLimits
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Declaration, ServiceView, Snapshot, Status
from portdash.model.workspace import Workspace
from portdash.planning.conflicts import Circumstances, find_conflicts, worst_first
from portdash.planning.inheritance import plain, root_of
from portdash.planning.judging import has_answered
from portdash.planning.occupancy import Occupancy
from portdash.planning.recognised import NOBODY, Recognised
from portdash.planning.rules import preferable
from portdash.record import replace

Rank = tuple[bool, bool, str, bool, str, str]

_OF_THE_PORT = (ConflictKind.SQUATTED, ConflictKind.DUPLICATE, ConflictKind.SHADOWED)
"""Kinds of conflict that are about a port, whichever of the services that share it one looks at."""


def assemble(
    *,
    taken_at: float,
    revision: int,
    store_url: str,
    host: str,
    user: str,
    workspace: str,
    environment: str,
    policy: Policy,
    limits: PortLimits,
    workspaces: tuple[Workspace, ...],
    vanished: frozenset[str],
    assignments: Mapping[ServiceKey, Assignment],
    leases: Mapping[ServiceKey, Lease],
    declarations: tuple[Declaration, ...],
    listeners: tuple[Listener, ...],
    health: Mapping[ServiceKey, Health],
    quarantined: Mapping[tuple[IpProtocol, int], str],
    reserved: frozenset[tuple[IpProtocol, int]],
    bound: Mapping[tuple[IpProtocol, int], str],
    hidden_owners: int,
    notices: tuple[str, ...],
) -> Snapshot:
    """Return the snapshot of these facts.

    Services are shown for `environment`: those with a port, and the declared ones that have none yet. Assignments of
    other environments are kept, for they occupy their ports.
    """
    specs = _effective_specs(assignments, declarations)
    recognised = NOBODY
    if listeners:
        from portdash.planning.ownership import gather  # noqa: PLC0415  who wants a port may do without listeners
        from portdash.planning.recognition import recognise  # noqa: PLC0415

        facts = gather(workspaces=workspaces, leases=leases, assignments=assignments, environment=environment)
        ordered = sorted(listeners, key=attrgetter("port", "protocol", "address"))
        recognised = recognise(ordered, specs, assignments, facts)
    base = Snapshot(
        taken_at=taken_at,
        revision=revision,
        store_url=store_url,
        host=host,
        user=user,
        workspace=workspace,
        environment=environment,
        policy=policy,
        limits=limits,
        workspaces=workspaces,
        vanished=vanished,
        assignments=MappingProxyType(dict(assignments)),
        leases=MappingProxyType(dict(leases)),
        declarations=declarations,
        listeners=recognised.seen,
        quarantined=quarantined,
        reserved=reserved,
        bound=bound,
        hidden_owners=hidden_owners,
        notices=notices,
    )
    services = _services(base, specs, recognised, health)
    place = {view.key: number for number, view in enumerate(services)}
    return replace(base, services=services, conflicts=worst_first(_once(services, specs), place))


def _once(services: Iterable[ServiceView], specs: Mapping[ServiceKey, ServiceSpec]) -> Iterator[Conflict]:
    """Yield the conflicts of all services; one about a port counts once for those that share it, as the root's."""
    troubled = [view for view in services if view.conflicts]
    told = {(each.key, each.kind, each.port) for view in troubled for each in view.conflicts}
    for view in troubled:
        root = root_of(view.key, specs)
        for each in view.conflicts:
            if root == view.key or each.kind not in _OF_THE_PORT or (root, each.kind, each.port) not in told:
                yield each


def _effective_specs(
    assignments: Mapping[ServiceKey, Assignment], declarations: Iterable[Declaration]
) -> dict[ServiceKey, ServiceSpec]:
    """Return what every known service asks for: as declared, else as stored. A rule once learnt is kept."""
    specs = {key: row.spec for key, row in assignments.items()}
    for each in declarations:
        stored = specs.get(each.key)
        match = each.spec.match or (stored.match if stored else None)
        specs[each.key] = replace(each.spec, match=match)
    return specs


def _services(
    snapshot: Snapshot,
    specs: Mapping[ServiceKey, ServiceSpec],
    recognised: Recognised,
    health: Mapping[ServiceKey, Health],
) -> tuple[ServiceView, ...]:
    occupancy = Occupancy(snapshot)
    with_command = {each.key for each in snapshot.declarations if each.has_command}
    shown = [key for key in specs if key.environment == snapshot.environment]
    views = [
        _view(
            occupancy,
            key,
            specs[key],
            recognised,
            health=health.get(key, Health()),
            has_command=key in with_command,
        )
        for key in shown
    ]
    order = _WorkspaceOrder(snapshot)
    return tuple(sorted(views, key=lambda view: (order.rank(view.key.workspace), view.key.service, plain(view.key))))


def _view(
    occupancy: Occupancy,
    key: ServiceKey,
    spec: ServiceSpec,
    recognised: Recognised,
    *,
    health: Health,
    has_command: bool,
) -> ServiceView:
    row = occupancy.rows.get(key)
    here = sorted(recognised.here.get(key, ()), key=lambda seen: not seen.attribution.ownership.is_ours)
    elsewhere = tuple(recognised.elsewhere.get(key, ()))
    conflicts = find_conflicts(occupancy, Circumstances(row, spec, tuple(here), elsewhere)) if row else ()
    attribution = here[0].attribution if here else None
    running = bool(attribution and attribution.ownership.is_ours) or (row is None and bool(elsewhere))
    idle = Status.AVAILABLE if row is not None and not has_command else Status.STOPPED
    return ServiceView(
        key=key,
        spec=spec,
        assignment=row,
        status=_status(conflicts, health, running=running, idle=idle),
        attribution=attribution,
        health=health,
        listeners=tuple(seen.listener for seen in here),
        elsewhere=elsewhere,
        conflicts=conflicts,
        home_free=row is not None and _is_home_free(occupancy, row),
    )


def _status(conflicts: Iterable[Conflict], health: Health, *, running: bool, idle: Status) -> Status:
    if any(not each.kind.is_notice for each in conflicts):
        return Status.CONFLICT
    if running:
        return Status.CONNECTED if has_answered(health) else Status.RUNNING
    return idle


def _is_home_free(occupancy: Occupancy, row: Assignment) -> bool:
    """Say whether the port it was moved from, or the first it asked for and missed, could be had now."""
    wanted = preferable(row)
    return wanted is not None and occupancy.refusal(occupancy.group(row.key), wanted) is None


class _WorkspaceOrder:
    """This workspace first, then the other worktrees of its repository, then by label with worktrees together."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._here = snapshot.workspace
        self._known = {each.name: each for each in snapshot.workspaces}
        self._repository = self._family(snapshot.workspace)
        self._ranks: dict[str, Rank] = {}

    def rank(self, name: str) -> Rank:
        """Return what a workspace sorts by."""
        rank = self._ranks.get(name)
        if rank is None:  # services are many more than workspaces
            rank = self._ranks[name] = self._rank(name)
        return rank

    def _rank(self, name: str) -> Rank:
        known = self._known.get(name)
        family = self._family(name)
        label = known.label.casefold() if known else name.casefold()
        linked = bool(known and known.worktree)
        return name != self._here, family != self._repository, family, linked, label, name

    def _family(self, name: str) -> str:
        known = self._known.get(name)
        return ((known.repository if known else None) or name).casefold()
