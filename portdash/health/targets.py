"""Which services of a snapshot are checked, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from portdash.health.checks import Check, check_for
from portdash.health.endpoint import endpoint_of
from portdash.health.fingerprints.processes import by_process
from portdash.health.fingerprints.table import PORTS
from portdash.health.handshakes import NEVER_CONNECTED
from portdash.health.liveness import liveness
from portdash.health.looks import Seen, Stand, servers_seen, shared_ports
from portdash.health.record import Watched
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.names import base_name
from portdash.model.ports import IpProtocol

if TYPE_CHECKING:
    from portdash.config.services import ServiceConfig
    from portdash.config.settings import Config
    from portdash.model.assignment import ServiceKey
    from portdash.model.listener import Listener
    from portdash.model.snapshot import ServiceView, Snapshot

_REMEMBERED = 4096
Kind = Callable[["Listener"], str | None]
"""Tells what kind of server a listener is, without asking it."""


def kind_of(listener: Listener) -> str | None:
    """Return the kind of server that the system says a listener is, such as `redis`.

    Of one of which it says nothing, the port may be a reason not to connect to it.
    """
    found = by_process(listener, listener.framework)
    if found is not None:
        return found.kind
    usual = PORTS.get(listener.port)
    return usual if usual in NEVER_CONNECTED else None


class Kinds:
    """Tells kinds as `kind_of` does, and remembers them: a process does not become another server."""

    def __init__(self) -> None:
        self._known: dict[object, str | None] = {}

    def __call__(self, listener: Listener) -> str | None:
        """Return the kind of server that a listener is."""
        owner, container = listener.owner, listener.container
        life = (listener.port, owner.pid if owner else None, owner.ticks if owner else None,
                container.id if container else listener.user, listener.framework)  # fmt: skip
        if life not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[life] = kind_of(listener)
        return self._known[life]


def targets(
    snapshot: Snapshot, config: Config, *, kind: Kind = kind_of, stand: Stand = liveness
) -> dict[ServiceKey, Watched]:
    """Return the services that have a server, ours first, with how each is checked.

    The configuration tells of this workspace's services alone; those of others are only asked what disturbs nobody. A
    server of which nobody knows whose it is gets a packet only where a check is declared.
    """
    found, shared = {}, shared_ports(snapshot)
    for key, seen in servers_seen(snapshot, stand=stand).items():
        asked = target(key, seen, snapshot, config, shared=shared, kind=kind)
        if asked is not None:
            found[key] = asked
    return found


def target(
    key: ServiceKey,
    seen: Seen,
    snapshot: Snapshot,
    config: Config,
    *,
    shared: Mapping[ServiceKey, ServiceKey],
    kind: Kind = kind_of,
) -> Watched | None:
    """Return how one server of a service is checked; None where nobody knows whose it is and no check is declared.

    `shared` is what `shared_ports` tells of the snapshot.
    """
    is_here = key.workspace == snapshot.workspace and key.environment == snapshot.environment
    service = _declared(key, shared.get(key), config) if is_here else None
    check = _check(service, seen, config, kind)
    return None if check is None else watched(seen, check)


def watched(seen: Seen, check: Check) -> Watched:
    """Return one server as the monitor takes it."""
    listener, owner = seen.listener, seen.listener.owner
    is_tcp = listener.protocol is IpProtocol.TCP
    return Watched(
        endpoint=endpoint_of(listener) if is_tcp else None,
        check=check,
        look=seen.look,
        pid=owner.pid if owner else None,
        ticks=owner.ticks if owner else 0,
    )


def without_server(view: ServiceView) -> Health:
    """Return what is known of a service that has no server of its own."""
    detail = "its port is held by somebody else" if view.listeners else "nobody listens"
    return Health(state=HealthState.UNKNOWN, level=HealthLevel.KERNEL, detail=detail)


def _declared(key: ServiceKey, root: ServiceKey | None, config: Config) -> ServiceConfig | None:
    """Return the declaration that says how a service is checked: its own, else that of `root`, whose port it has."""
    own = config.service(base_name(key.service))
    if root is None or (own is not None and own.health is not None):
        return own
    return config.service(base_name(root.service))


def _check(service: ServiceConfig | None, seen: Seen, config: Config, kind: Kind) -> Check | None:
    declared = service.health if service else None
    if not seen.is_ours and declared is None:
        return None
    directory = str(service.root) if service and service.root else None
    return check_for(declared, config.health, kind=kind(seen.listener), directory=directory)
