"""The module-level functions: they act on the workspace of the working directory, through one manager a thread."""

import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from portdash.manager.facade import PortManager
from portdash.manager.suggesting import Suggestion
from portdash.manager.wishes import Wish, wish_of
from portdash.model.assignment import Assignment


class _Current(threading.local):
    """This thread's manager, with the process and directory it was made for."""

    manager: PortManager | None = None
    made_for: tuple[int, str] | None = None


_current = _Current()


def manager() -> PortManager:
    """Return this thread's manager; a fork or another working directory gets a new one."""
    here = (os.getpid(), str(Path.cwd()))
    if _current.manager is None or _current.made_for != here:
        _current.manager, _current.made_for = PortManager(), here
    return _current.manager


def allocate(name: str, **wishes: Any) -> Assignment:  # noqa: ANN401  the parameters of PortManager.allocate
    """Give a service a port, or the one it has. Takes what `PortManager.allocate` takes."""
    return manager().allocate(name, **wishes)


def allocate_many(services: Iterable[Wish | Mapping[str, Any] | str]) -> tuple[Assignment, ...]:
    """Give several services their ports, or none: names, dicts of `PortManager.allocate`'s parameters, or wishes."""
    return manager().allocate_wishes([to_wish(service) for service in services])


def assign_port(service_name: str, purpose: str = "") -> int:
    """Return the service's port; the next in order if it has none yet."""
    return manager().assign_port(service_name, purpose)


def get_port(service_name: str) -> int | None:
    """Return the service's port, None if it has none."""
    return manager().get_port(service_name)


def release_port(service_name: str) -> bool:
    """Give the service's port back; say whether it had one."""
    return manager().release_port(service_name)


def get_next_port() -> int:
    """Return the port that the next service without wishes would get."""
    return manager().get_next_port()


def suggest(name_or_type: str, *, count: int = 5) -> Suggestion:
    """Return the ports a service, a type or a well-known server (`redis`) would get now; nothing is reserved."""
    return manager().suggest(name_or_type, count=count)


def reset_ports() -> None:
    """Give back every port of this workspace."""
    manager().reset_assignments()


def export_env_vars() -> dict[str, str]:
    """Return the environment variables of this workspace's ports."""
    return manager().export_env_vars()


def is_port_available(port: int) -> bool:
    """Say whether a server could bind the port now, on every address."""
    return manager().is_port_available(port)


def to_wish(service: Wish | Mapping[str, Any] | str) -> Wish:
    """Return what a wish, a name or a dict of parameters asks for. Raises UsageError."""
    if isinstance(service, Wish):
        return service
    return wish_of(service) if isinstance(service, str) else wish_of(**service)
