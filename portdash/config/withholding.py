"""What a project file may not say until the user trusts the project: it is taken out, and said.

Without trust a project file sets services, ranges, environments, strategy, base_port, workspace and a `json:` store
inside its own root. A checkout may be a stranger's: nothing in it runs, leaves the machine, or governs other projects.
"""

import os
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from portdash.config.origins import dotted
from portdash.config.tables import FileTable, HealthCheckTable, SectionTable, ServiceTable
from portdash.config.urls import is_local

S = TypeVar("S", bound=SectionTable)

_WAITING = ("return_home", "dashboard", "health", "discovery", "api", "keys", "hooks")
"""Keys that always wait."""


def withhold(table: FileTable, *, root: Path) -> tuple[FileTable, tuple[str, ...]]:
    """Return what counts of an untrusted project file, and what does not: `dashboard is ignored`, one line each.

    Commands stay, so that the services are known to have one; they are listed as well, for nothing may start them.
    """
    found: list[str] = []
    environments = {
        name: _section(section, ("environments", name), root, found)
        for name, section in (table.environments or {}).items()
    }
    top = replace(_section(table, (), root, found), environments=environments or None)
    return _without_references(table, top), tuple(found)


def _section(section: S, above: tuple[str, ...], root: Path, found: list[str]) -> S:
    """Return one section without what waits, adding what that is to `found`."""
    changes: dict[str, object] = {}
    for key in _WAITING:
        if getattr(section, key) is not None:
            changes[key] = None
            found.append(f"{dotted(*above, key)} is ignored")
    if section.store is not None and not _is_inside(section.store, root):
        changes["store"] = None
        found.append(f"{dotted(*above, 'store')} is ignored (it is no json: file inside the project)")
    if section.services:
        services = {
            name: _service(service, (*above, "services", name), found) for name, service in section.services.items()
        }
        changes["services"] = {name: service for name, service in services.items() if service is not None}
    return replace(section, **changes)


def _without_references(before: FileTable, after: FileTable) -> FileTable:
    """Take services that were taken out from the lists of those that stay, which would else name nothing."""
    gone = {name.casefold() for name in before.services or {}} - {name.casefold() for name in after.services or {}}

    def cleared(section: S) -> S:
        services = {name: _cleared(service, gone) for name, service in (section.services or {}).items()}
        return replace(section, services=services or None)

    environments = {name: cleared(section) for name, section in (after.environments or {}).items()}
    return replace(cleared(after), environments=environments or None)


def _cleared(service: ServiceTable, gone: set[str]) -> ServiceTable:
    return replace(
        service,
        **{
            key: tuple(name for name in names if name.casefold() not in gone)
            for key in ("depends_on", "restart_on", "conflicts_with")
            if (names := getattr(service, key))
        },
    )


def _service(service: ServiceTable, path: tuple[str, ...], found: list[str]) -> ServiceTable | None:
    """Return what counts of a service; None for one that runs on another machine."""
    if service.url is not None and not is_local(service.url):
        found.append(f"{dotted(*path)} is left out (its url leaves this machine)")
        return None
    if service.command is not None:
        found.append(f"{dotted(*path, 'command')} is shown but not started")
    return service if service.health is None else replace(service, health=_check(service.health, path, found))


def _check(check: HealthCheckTable, path: tuple[str, ...], found: list[str]) -> HealthCheckTable | None:
    """Return what counts of a health check; None for one that runs a command."""
    if check.exec is not None:
        found.append(f"{dotted(*path, 'health', 'exec')} is ignored")
        return None
    if check.headers is not None:
        found.append(f"{dotted(*path, 'health', 'headers')} is ignored")
        return replace(check, headers=None)
    return check


def _is_inside(store: str, root: Path) -> bool:
    """Whether it is a `json:` file inside `root`, links followed."""
    scheme, _, path = store.partition(":")
    return scheme == "json" and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
