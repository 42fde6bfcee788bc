"""Joining what engines say with the sockets seen: whose published port a listener is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from portdash.machine.containers.carriers import Forward, may_carry, told_by, told_by_owner
from portdash.machine.containers.seen import Publication, Seen
from portdash.model.listener import NO_HINTS, Container, Listener
from portdash.model.ports import IpProtocol
from portdash.model.project import Project

Slot = tuple[IpProtocol, int]
_EVERY = frozenset(("", "0.0.0.0", "::", "*"))  # noqa: S104  data, nothing binds here


def join(
    listeners: tuple[Listener, ...],
    containers: Iterable[Seen],
    *,
    forwards: Callable[[], Iterable[Forward]],
    project_of: Callable[[str], Project | None],
) -> tuple[Listener, ...]:
    """Return the listeners with the containers they are, the very same tuple where there is none.

    One that is in a container already, by its control group, has no more than the id; what its engine says of that id
    takes its place. `forwards` is asked for the ports that are hidden and no engine tells of. `project_of` is asked for
    the directories of compose projects.
    """
    joiner = _Joiner(containers, forwards, project_of)
    joined = tuple(joiner.joined(each) for each in listeners)
    return joined if any(new is not old for new, old in zip(joined, listeners, strict=True)) else listeners


def unseen(containers: Iterable[Seen], listeners: Iterable[Listener]) -> dict[Slot, Container]:
    """Return the ports that a container has whenever it runs, and where nobody listens now."""
    here = {(each.protocol, each.port) for each in listeners}
    found: dict[Slot, Container] = {}
    for each in containers:
        for protocol, _, port in each.publications:
            if (protocol, port) not in here:
                found.setdefault((protocol, port), each.container)
    return found


class _Joiner:
    def __init__(
        self,
        containers: Iterable[Seen],
        forwards: Callable[[], Iterable[Forward]],
        project_of: Callable[[str], Project | None],
    ) -> None:
        containers = tuple(containers)
        self._by_id = {each.container.id: each.container for each in containers}
        self._at: dict[Slot, list[tuple[Publication, Container]]] = {}
        for each in containers:
            for publication in each.publications if each.container.running else ():
                slot = (publication.protocol, publication.port)
                self._at.setdefault(slot, []).append((publication, each.container))
        self._ask_for_forwards = forwards
        self._forwards: Mapping[Slot, list[Forward]] | None = None
        self._project_of = project_of
        self._projects: dict[str, Project | None] = {}

    def joined(self, listener: Listener) -> Listener:
        """Return a listener with its container, itself where it is none's."""
        container = self._container(listener)
        if container is None or container is listener.container:
            return listener
        found = replace(
            listener, container=container, project=self._project(container), via=container.engine, orphan=False
        )
        if found.owner is None or found.server is not None:
            return found
        # The proxy's own directory, unit and kind say nothing of whom it holds the port for.
        owner = replace(found.owner, cwd=None)
        return replace(found, owner=owner, unit=None, framework=None, title=None, hints=NO_HINTS)

    def _container(self, listener: Listener) -> Container | None:
        if listener.container is not None:
            return self._by_id.get(listener.container.id, listener.container)
        if not may_carry(listener):
            return None
        return self._published(listener) or told_by_owner(listener) or self._forwarded(listener)

    def _published(self, listener: Listener) -> Container | None:
        """Return whose port it is by address; a known carrier may hold it on another, as out of a virtual machine."""
        here = self._at.get((listener.protocol, listener.port), ())
        for publication, container in here:
            if _is_same_place(publication.address, listener):
                return container
        distinct = {container.id: container for _, container in here}
        return next(iter(distinct.values())) if listener.owner and len(distinct) == 1 else None

    def _forwarded(self, listener: Listener) -> Container | None:
        """Return what docker-proxy's own command line says of a port whose owner is hidden."""
        if listener.owner is not None:
            return None
        if self._forwards is None:
            found: dict[Slot, list[Forward]] = {}
            for each in self._ask_for_forwards():
                found.setdefault((each.protocol, each.port), []).append(each)
            self._forwards = found
        here = self._forwards.get((listener.protocol, listener.port), ())
        return next((told_by(each) for each in here if _is_same_place(each.address, listener)), None)

    def _project(self, container: Container) -> Project | None:
        directory = container.directory
        if directory is None:
            return None
        if directory not in self._projects:
            self._projects[directory] = self._project_of(directory)
        return self._projects[directory]


def _is_same_place(address: str, listener: Listener) -> bool:
    """Say whether a published address is what a listener is bound to; engines write every address in several ways."""
    if address == listener.address or (not address and listener.address in _EVERY):
        return True
    return listener.address == "::" and listener.dual_stack is not False and address in _EVERY
