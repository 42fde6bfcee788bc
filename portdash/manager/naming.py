"""Names for what has none yet."""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from types import MappingProxyType

from portdash.model.listener import Listener
from portdash.model.names import DEFAULT_WORKSPACE, service_from
from portdash.model.policy import Policy
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import ServiceView
from portdash.model.workspace import Workspace
from portdash.planning.frameworks import kind_of

INTERPRETERS = re.compile(
    r"(?:node|nodejs|bun|deno|ruby|perl|php|java|pythonw?|python[0-9.]+|sh|bash|dash|zsh)(?:\.exe)?"
)
"""Names of programs that run another program, whose name says more."""
_ENTRY_POINTS = frozenset(("app", "index", "main", "manage", "run", "serve", "server", "start"))
"""Names that every second program's first file has: they say nothing about it."""
_TYPES = {
    "web": ("web", "frontend", "development"),
    "api": ("api", "backend", "development"),
    "ml": ("ml",),
    "database": ("database", "db"),
    "cache": ("cache",),
    "queue": ("queue",),
    "monitoring": ("monitoring",),
}
"""Types that each kind of framework may have, the best word first."""

Wanted = Mapping[tuple[str | None, IpProtocol, int], str]
"""Names of services that are declared and have no port yet, by their project's directory and the ports they prefer."""
NOTHING_WANTED: Wanted = MappingProxyType({})


def wanted_ports(services: Iterable[ServiceView], workspaces: Iterable[Workspace]) -> Wanted:
    """Return which declared service without a port would rather have which port; the first that asks has the name."""
    waiting = [view for view in services if view.assignment is None]
    roots = {each.name: each.root for each in workspaces} if waiting else {}
    wanted: dict[tuple[str | None, IpProtocol, int], str] = {}
    for view in waiting:
        root = roots.get(view.key.workspace)
        if root is None and view.key.workspace != DEFAULT_WORKSPACE:
            continue  # who runs in no project is of the default workspace
        for port in view.spec.preferred:
            wanted.setdefault((root, view.spec.protocol, port), view.name)
    return wanted


def taken_names(services: Iterable[ServiceView], workspace: str) -> set[str]:
    """Return the names, in lower case, of the services of a workspace that have a port."""
    return {view.key.service for view in services if view.assignment and view.key.workspace == workspace}


def suggest_name(listener: Listener, wanted: Wanted = NOTHING_WANTED, taken: AbstractSet[str] = frozenset()) -> str:
    """Return a service name for a listener: that of the declared service that waits for its port, else a free one.

    `taken` are the names, in lower case, of services of its project that have a port. What is free is made of its
    container's service, else the package it belongs to in a repository of several, what it is by its command line, its
    program, its project, else its port.
    """
    waiting = waiting_for(listener, wanted)
    return waiting if waiting and waiting.casefold() not in taken else _free_name(_name_by_looks(listener), taken)


def waiting_for(listener: Listener, wanted: Wanted) -> str | None:
    """Return the declared service of the listener's project that has no port and prefers this one."""
    return wanted.get((listener.project.root if listener.project else None, listener.protocol, listener.port))


def _name_by_looks(listener: Listener) -> str:
    container = listener.container
    for text in (
        container and (container.compose_service or (container.name if container.id else None)),
        listener.project and listener.project.package,
        listener.framework,
        program_name(listener),
        listener.project and listener.project.name,
        listener.owner and listener.owner.name,
    ):
        if text and (name := service_from(text)):
            return name
    return f"port-{listener.port}"


def suggest_type(listener: Listener, policy: Policy) -> str | None:
    """Return the type of a service that a listener is, None where no range is set aside for what it is."""
    types = {each.type.casefold(): each.type for each in policy.ranges}
    return next((types[each] for each in _TYPES.get(kind_of(listener.framework) or "", ()) if each in types), None)


def program_name(listener: Listener) -> str | None:
    """Return what runs rather than what runs it: `vite` for `node …/vite`, `http.server` for `python -m http.server`.

    None where the command line is hidden, or names nothing but an interpreter and some file called like all others.
    """
    owner = listener.owner
    if owner is None or not owner.command:
        return None
    program, *arguments = owner.command
    name = PurePath(program.split(" ", 1)[0]).name  # some servers write their whole title into the first argument
    if not INTERPRETERS.fullmatch(name):
        return name
    while arguments and arguments[0].startswith("-"):
        flag = arguments.pop(0)
        if flag == "-m":
            break
        if flag in ("-c", "-e", "-jar", "-"):
            return None
    stem = re.sub(r"\.(?:m?js|cjs|ts|py|rb|php|sh)$", "", PurePath(arguments[0]).name) if arguments else ""
    return None if stem.casefold() in _ENTRY_POINTS or not stem else stem


def _free_name(name: str, taken: AbstractSet[str]) -> str:
    """Return `name`, or `name-2`, `name-3` ... where a service has that name already."""
    if name.casefold() not in taken:
        return name
    return next(each for count in range(2, 10_000) if (each := f"{name[:57]}-{count}").casefold() not in taken)
