"""What a snapshot shows of the servers behind services, without a packet. Loads nothing that could send one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from portdash.health.kernel import Liveness, Look, passive_verdict
from portdash.health.liveness import liveness
from portdash.model.listener import Listener, Ownership

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

    One that is known to be another's is not there. `stand` reads the processes.
    """
    seen = {}
    for view in snapshot.services:
        if found := _server_of(view):
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


def _server_of(view: ServiceView) -> tuple[Listener, bool] | None:
    ownership = view.attribution.ownership if view.attribution else None
    if ownership is not None and ownership.is_ours:
        return view.listeners[0], True
    if view.elsewhere:
        return view.elsewhere[0], True
    if ownership is Ownership.UNKNOWN:
        return view.listeners[0], False
    return None
