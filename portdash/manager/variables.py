"""The ports of a workspace under the names of their environment variables."""

from collections.abc import Iterator

from portdash.config.problems import nearest
from portdash.errors import InvalidPort, UnknownVariable
from portdash.exports.variables import BASE_PORT, NEXT_PORT, port_variables
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.exporting import following_port, own_rows
from portdash.manager.wishes import Wish, override_of
from portdash.model.assignment import Source
from portdash.model.ports import parse_port
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.planning.candidates import next_available
from portdash.text import clean

MAIN = "PORT"


def env_vars(deps: Deps) -> dict[str, str]:
    """Return what a program of this workspace finds in its environment: a `NAME_PORT` each, BASE_PORT and NEXT_PORT."""
    snapshot = deps.observer.snapshot()
    ports = port_variables(
        own_rows(deps, snapshot), base_port=deps.config.base_port, next_port=following_port(snapshot)
    )
    return {each.name: each.value for each in ports}


class Variables:
    """Ports as attributes: `variables.WEB_SERVER_PORT` is that of the service web-server, as a whole number.

    A declared service that has no port yet gets one when it is asked for, so nothing need be set up before. `PORT` is
    that of the service whose variable it is; where there is none, what the environment says, else the port of the only
    service there is. A name that means nothing is an UnknownVariable, which is an AttributeError.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def __getattr__(self, name: str) -> int:
        if name.startswith("_"):
            raise AttributeError(name)
        snapshot = self._deps.observer.snapshot()
        if name == BASE_PORT:
            return self._deps.config.base_port
        if name == NEXT_PORT:
            return next_available(snapshot)
        views = {variable: view for view in self._views(snapshot) for variable in _names(view)}
        if name in views:
            return self._port_of(views[name])
        if name == MAIN and (port := self._main_port(snapshot)):
            return port
        near = nearest(name, (*views, BASE_PORT, NEXT_PORT))
        raise UnknownVariable(
            f"{clean(name)} is no variable of {clean(snapshot.workspace)}",
            hint=f"did you mean {near}?" if near else None,
        )

    def __dir__(self) -> list[str]:
        names = (variable for view in self._views(self._deps.observer.snapshot()) for variable in _names(view))
        return sorted({BASE_PORT, NEXT_PORT, *names})

    def _views(self, snapshot: Snapshot) -> Iterator[ServiceView]:
        place = self._deps.place
        return (
            view
            for view in snapshot.services
            if (view.key.workspace, view.key.user) == (place.workspace.name, place.user)
        )

    def _port_of(self, view: ServiceView) -> int:
        """Return its port; what is declared gets one, and what has one keeps it, unless its variable decides."""
        row = view.assignment
        if row and row.source is not Source.OVERRIDE and override_of(self._deps.environ, view.spec) is None:
            return row.port
        return allocate(self._deps, [Wish(name=view.name)], lease=True).assignments[0].port

    def _main_port(self, snapshot: Snapshot) -> int | None:
        try:
            return parse_port(self._deps.environ.get(MAIN, "").strip())
        except InvalidPort:
            views = list(self._views(snapshot))
            return self._port_of(views[0]) if len(views) == 1 else None


def _names(view: ServiceView) -> tuple[str, ...]:
    """Return the variables that a service answers to: what it is exported as, and PORT where it overrides that."""
    return (view.spec.variable, MAIN) if view.spec.env == MAIN else (view.spec.variable,)
