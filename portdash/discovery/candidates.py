"""Which listeners may be instances of a service: what the snapshot says, before anybody is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from portdash.discovery.instance import Nearness
from portdash.health.endpoint import endpoint_of
from portdash.health.looks import Seen, look_at, shared_ports
from portdash.health.targets import target
from portdash.manager.finding import find_service, workspace_named
from portdash.model.listener import Ownership
from portdash.model.names import base_name, check_service
from portdash.model.ports import IpProtocol
from portdash.report.scope import workspace_label

if TYPE_CHECKING:
    from portdash.config.settings import Config
    from portdash.health.record import Watched
    from portdash.model.listener import Listener
    from portdash.model.ports import PortRange
    from portdash.model.snapshot import SeenListener, ServiceView, Snapshot


Spot = tuple[str, int]
"""Where a server is reached: `localhost` or another address, and the port."""


class Candidate(NamedTuple):
    """A listener that may be an instance."""

    service: str
    listener: Listener
    nearness: Nearness
    workspace: str | None
    """Label of its workspace or project."""
    asked: Watched | None = None
    """How it is asked; None for a listener of which only its answer tells whether it is an instance."""
    is_ours: bool = True
    """Whether it is taken for the service's own; else nobody knows whose it is, and its answer has to tell."""

    @property
    def place(self) -> Spot:
        """Where it is reached; one server on both families of localhost is one instance."""
        return endpoint_of(self.listener).address if self.is_apart else "localhost", self.listener.port

    @property
    def is_apart(self) -> bool:
        """Whether localhost does not reach it."""
        address = endpoint_of(self.listener).address
        return address != "::1" and not address.startswith("127.")


def views_of(snapshot: Snapshot, text: str) -> tuple[ServiceView, ...]:
    """Return the service that `web` or `shop/web` names with its further instances; of `web@2` or `3000` that one.

    Raises InvalidName, and NoSuchService for a port that is no service's.
    """
    if text.isdigit():
        return (find_service(snapshot, text),)
    where, slash, name = text.rpartition("/")
    check_service(name)
    wanted = name.casefold()
    here = (workspace_named(snapshot.workspaces, where) if slash else snapshot.workspace).casefold()
    return tuple(
        view
        for view in snapshot.services
        if view.key.workspace.casefold() == here and wanted in (view.key.service, base_name(view.key.service))
    )


def own_servers(snapshot: Snapshot, config: Config, views: tuple[ServiceView, ...]) -> Iterator[Candidate]:
    """Yield the servers of services, on whatever port; one of which nobody knows whose it is where a check is declared.

    Each process counts once, with the port it was given before others that it opened.
    """
    places, shared = set(), shared_ports(snapshot)
    for view in views:
        label = workspace_label(snapshot, view.key.workspace)
        for listener, is_ours in _servers(view):
            seen = Seen(listener, look_at(listener, snapshot.taken_at), is_ours)
            asked = target(view.key, seen, snapshot, config, shared=shared)
            if listener.protocol is not IpProtocol.TCP or asked is None:
                continue
            candidate = Candidate(view.name, listener, Nearness.OWN, label, asked, is_ours)
            if candidate.place not in places:
                places.add(candidate.place)
                yield candidate


def _servers(view: ServiceView) -> Iterator[tuple[Listener, bool]]:
    """Yield one listener of each process or container behind a service, and whether it is known for its own."""
    ownership = view.attribution.ownership if view.attribution else None
    here = view.listeners[:1] if ownership is not None and ownership.is_ours else ()
    seen = set()
    for listener in (*here, *view.elsewhere):
        life = (listener.container.id if listener.container else None, listener.pid or listener.port)
        if life not in seen:
            seen.add(life)
            yield listener, True
    if not seen and ownership is Ownership.UNKNOWN:
        yield view.listeners[0], False


def loose_listeners(
    snapshot: Snapshot, ports: PortRange, service: str, *, workspace: str, known: tuple[Candidate, ...]
) -> Iterator[Candidate]:
    """Yield the TCP listeners of a range that are no service's own and not among those that are `known`.

    `workspace` is that of the service: what runs in another project is a lesser choice.
    """
    places = {each.place for each in known}
    home = snapshot.workspace_named(workspace)
    root = home.root if home else None
    for seen in snapshot.listeners:
        listener = seen.listener
        if listener.port not in ports or listener.protocol is not IpProtocol.TCP or seen.is_owned:
            continue
        project = listener.project
        strange = project is not None and project.root != root
        nearness = Nearness.OTHER_PROJECT if strange or _is_foreign(seen) else Nearness.LOOSE
        candidate = Candidate(service, listener, nearness, project.label if project else None, is_ours=False)
        if candidate.place not in places:
            places.add(candidate.place)
            yield candidate


def _is_foreign(seen: SeenListener) -> bool:
    return seen.key is not None and seen.attribution.ownership is Ownership.FOREIGN
