"""What a snapshot shows of the servers behind services, without a packet. Loads nothing that could send one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from portdash.health.kernel import Liveness, Look, passive_verdict
from portdash.health.liveness import liveness
from portdash.model.listener import Listener, Ownership
from portdash.named_tuple import NamedTuple
from portdash.planning.inheritance import root_of

if TYPE_CHECKING:
    from portdash.model.assignment import ServiceKey
    from portdash.model.health import Health
    from portdash.model.snapshot import ServiceView, Snapshot

Stand = Callable[[Iterable[int]], Liveness]
"""Tells how processes that share a socket stand."""


class Seen(NamedTuple):
    """The server of one service."""

    listener: Listener
    look: Look
    is_ours: bool = True
    """Whether it is taken for the service's own; else nobody knows whose it is."""


def servers_seen(snapshot: Snapshot, *, stand: Stand = liveness) -> dict[ServiceKey, Seen]:
    """Return the server of each service that has one: its own, on whatever port, else one that may be its own.

    One that is known to be another's is not there. Of a service that inherits its port, and has it by now,
    it is the one of the service whose port that is, wherever that runs. `stand` reads the processes.
    """
    seen = {}
    views, shared = {view.key: view for view in snapshot.services}, shared_ports(snapshot)
    for view in snapshot.services:
        root = shared.get(view.key, view.key) if view.port is not None else view.key
        if found := _server_of(view) or _server_of(views[root]):
            listener, is_ours = found
            seen[view.key] = Seen(listener, look_at(listener, snapshot.taken_at, stand=stand), is_ours)
    return seen


def look_at(listener: Listener, now: float, *, stand: Stand = liveness) -> Look:
    """Return what is seen of one listener; `now` is unix time."""
    owner, container = listener.owner, listener.container
    started = owner.started_at if owner else None
    return Look(
        liveness=stand(listener.pids),
        queue=listener.queue,
        engine_word=container.health if container else None,
        age=max(0.0, now - started) if started is not None else None,
        identity=identity_of(listener),
    )


def identity_of(listener: Listener) -> object:
    """Return what tells the process or container behind a listener from a later one; None where it is hidden."""
    owner, container = listener.owner, listener.container
    return container.id if container else (owner.pid, owner.ticks or owner.started_at) if owner else None


def passive_verdicts(snapshot: Snapshot, *, stand: Stand = liveness) -> dict[ServiceKey, Health]:
    """Return what kernel and engines say of each service whose own server runs."""
    servers = servers_seen(snapshot, stand=stand)
    return {key: passive_verdict(seen.look) for key, seen in servers.items() if seen.is_ours}


def shared_ports(snapshot: Snapshot) -> dict[ServiceKey, ServiceKey]:
    """Return, for each service that inherits its port, the one whose port it is, where the protocol is the same."""
    children = [view.key for view in snapshot.services if view.spec.inherit_from is not None]
    if not children:
        return {}
    specs = {view.key: view.spec for view in snapshot.services}
    roots = {key: root_of(key, specs) for key in children}
    return {key: root for key, root in roots.items() if root.protocol is key.protocol}


def _server_of(view: ServiceView) -> tuple[Listener, bool] | None:
    ownership = view.attribution.ownership if view.attribution else None
    if ownership is not None and ownership.is_ours:
        return view.listeners[0], True
    if view.elsewhere:
        return view.elsewhere[0], True
    if ownership is Ownership.UNKNOWN:
        return view.listeners[0], False
    return None
