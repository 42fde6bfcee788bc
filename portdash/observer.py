"""Looking at store, machine and configuration at one moment. Starts nothing and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from portdash.config.settings import Config
from portdash.errors import PortdashError
from portdash.forks import ForkLock
from portdash.model.assignment import Lease, ServiceKey, ServiceSpec
from portdash.model.engines import EngineFacts
from portdash.model.listener import Listener
from portdash.model.names import instance_names
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Declaration, ServiceView, Snapshot, Status
from portdash.model.state import StoreState
from portdash.model.workspace import Workspace
from portdash.named_tuple import NamedTuple
from portdash.record import replace
from portdash.store.neighbours import Neighbours

if TYPE_CHECKING:
    from portdash.config.services import ServiceConfig
    from portdash.model.health import Health
    from portdash.model.kept import Quarantine
    from portdash.model.listener import Container
    from portdash.model.policy import PortLimits
    from portdash.model.sources import Clock, Machine
    from portdash.model.storage import Store


class _Seen(NamedTuple):
    """All that a snapshot is made from, beside the time and what is the same for as long as there is an observer."""

    state: StoreState
    listeners: tuple[Listener, ...]
    limits: PortLimits
    workspaces: tuple[Workspace, ...]
    vanished: frozenset[str]
    leases: dict[ServiceKey, Lease]
    health: Mapping[ServiceKey, Health]
    quarantined: dict[tuple[IpProtocol, int], str]
    notices: tuple[str, ...]
    published: Mapping[tuple[IpProtocol, int], Container]
    elsewhere: Mapping[tuple[IpProtocol, int], ServiceKey]
    went_back: tuple[int, int] | None


class Observer:
    """Takes snapshots. One observer may be asked from several threads.

    `verdicts` tells how services do, as far as somebody checks them; the observer itself asks nobody.
    """

    def __init__(
        self,
        *,
        store: Store,
        machine: Machine,
        clock: Clock,
        config: Config,
        workspace: Workspace,
        environment: str,
        neighbours: Neighbours | None = None,
        verdicts: Callable[[], Mapping[ServiceKey, Health]] = dict,
    ) -> None:
        self._store = store
        self._machine = machine
        self._clock = clock
        self._config = config
        self._workspace = workspace
        self._environment = environment
        self._neighbours = neighbours
        self._verdicts = verdicts
        self._state: StoreState | None = None
        self._went_back: tuple[int, int] | None = None
        self._reading = ForkLock()
        self._last: tuple[_Seen, Snapshot] | None = None

    def snapshot(self) -> Snapshot:
        """Return everything as it is now. Raises StoreError, or PortdashError where the sockets cannot be read."""
        now = self._clock.now()
        state = self._current()
        listeners = self._listeners()
        seen = self._seen(now, state, listeners, self._machine.engines())
        last = self._last
        if last is None or last[0] != seen:
            self._last = last = (seen, self._assembled(now, seen))
        return replace(last[1], taken_at=now)

    def unpeopled(self) -> Snapshot:
        """Return what `snapshot` does, but as if nobody listened. Raises StoreError.

        Most of a look is to find whose the sockets are; this is for who does without.
        """
        now = self._clock.now()
        return self._assembled(now, self._seen(now, self._current(), (), EngineFacts()))

    def _current(self) -> StoreState:
        with self._reading:  # else who read earlier and comes later would tell of a store that went back
            state = self._store.snapshot(self._state)
            self._note_loss(state)
        return state

    def _seen(self, now: float, state: StoreState, listeners: tuple[Listener, ...], engines: EngineFacts) -> _Seen:
        workspaces, went_back = self._workspaces(state), self._went_back
        return _Seen(
            state=state,
            listeners=listeners,
            limits=self._machine.limits(),
            workspaces=workspaces,
            vanished=frozenset(
                each.name for each in workspaces if each.root and not self._machine.is_directory(each.root)
            ),
            leases=self._live(state.leases),
            health=self._verdicts(),
            quarantined={
                (each.protocol, each.port): each.service
                for each in state.quarantines
                if each.host == self._machine.host and _is_fresh(each, now)
            },
            notices=(*self._config.warnings, *state.notices, *_loss_notice(went_back), *engines.notices),
            published=engines.published,
            elsewhere=self._elsewhere(),
            went_back=went_back,
        )

    def _assembled(self, now: float, seen: _Seen) -> Snapshot:
        """Join what was seen; it is work for thousands of listeners, and of most looks the outcome is known."""
        state, host = seen.state, self._machine.host
        from portdash.planning.assemble import assemble  # noqa: PLC0415  who only plans has no use for it

        snapshot = assemble(
            taken_at=now,
            revision=state.revision,
            store_url=self._store.url,
            host=host,
            user=self._machine.user,
            workspace=self._workspace.name,
            environment=self._environment,
            policy=self._config.policy(),
            limits=seen.limits,
            workspaces=seen.workspaces,
            vanished=seen.vanished,
            assignments={key: row for key, row in state.assignments.items() if key.host == host},
            leases=seen.leases,
            declarations=self._declarations(),
            listeners=seen.listeners,
            health=seen.health,
            quarantined=seen.quarantined,
            reserved=frozenset(port for record in state.plans if record.host == host for port in record.reserved),
            bound={},
            hidden_owners=sum(1 for each in seen.listeners if each.owner is None and each.container is None),
            notices=seen.notices,
        )
        return replace(
            snapshot,
            stale_since=state.stale_since,
            went_back=seen.went_back,
            elsewhere=seen.elsewhere,
            published=seen.published,
            remote=tuple(self._remote(state)),
        )

    def _remote(self, state: StoreState) -> Iterator[ServiceView]:
        """Yield the services that other hosts have in the same store, in this environment."""
        here = self._machine.host
        for key in sorted(
            key for key in state.assignments if key.host != here and key.environment == self._environment
        ):
            row = state.assignments[key]
            heard = key in state.leases
            yield ServiceView(key=key, spec=row.spec, assignment=row, status=Status.AVAILABLE, heard=heard)

    def _note_loss(self, state: StoreState) -> None:
        """Keep in mind that a store which had more came back with less, until it has as much again."""
        had = self._went_back[0] if self._went_back else 0
        if self._state and state.revision < self._state.revision:
            self._went_back = (max(had, self._state.revision), state.revision)
        elif state.revision >= had:
            self._went_back = None
        self._state = state

    def _elsewhere(self) -> Mapping[tuple[IpProtocol, int], ServiceKey]:
        return MappingProxyType(dict(self._neighbours.taken()) if self._neighbours else {})

    def _listeners(self) -> tuple[Listener, ...]:
        try:
            return self._machine.listeners()
        except OSError as error:
            raise PortdashError(
                f"the table of sockets cannot be read: {error.strerror or error}",
                hint="portdash needs /proc, or the right to ask the system for its sockets",
            ) from error

    def _workspaces(self, state: StoreState) -> tuple[Workspace, ...]:
        known = {each.name for each in state.workspaces}
        return state.workspaces if self._workspace.name in known else (*state.workspaces, self._workspace)

    def _live(self, leases: Mapping[ServiceKey, Lease]) -> dict[ServiceKey, Lease]:
        if not leases:
            return {}
        from portdash.machine.living import lives  # noqa: PLC0415  scripts ask where nothing runs yet

        return {key: lease for key, lease in leases.items() if lives(self._machine, lease)}

    def _declarations(self) -> tuple[Declaration, ...]:
        return tuple(
            Declaration(
                self._key(spec),
                spec,
                has_command=service.command is not None,
                command=(service.command or ()) if service.may_start else (),
                directory=str(service.root) if service.root else None,
            )
            for service in self._config.services
            if service.url is None
            for spec in _instances(service)
        )

    def _key(self, spec: ServiceSpec) -> ServiceKey:
        host, user, here = self._machine.host, self._machine.user, self._workspace.name
        return ServiceKey(host, user, here, self._environment, spec.name.casefold(), spec.protocol)


def _loss_notice(went_back: tuple[int, int] | None) -> tuple[str, ...]:
    if went_back is None:
        return ()
    had, has = went_back
    return (f"the store went back from revision {had} to {has}: it was replaced, or lost what came later",)


def _instances(service: ServiceConfig) -> Iterator[ServiceSpec]:
    """Yield what each instance of a declared service asks for."""
    yield service.spec
    for name in instance_names(service.spec.name, service.replicas)[1:]:
        yield service.spec.instance(name)


def _is_fresh(quarantine: Quarantine, now: float) -> bool:
    """Whether it still counts; one from the future is a clock that was set back, and counts no more."""
    from portdash.model.kept import QUARANTINE_SECONDS  # noqa: PLC0415  mostly there is none

    return 0 <= now - quarantine.released_at < QUARANTINE_SECONDS
