"""The module-level functions: they act on the workspace of the working directory, through one manager a directory."""

import logging
import os
import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, overload

from portdash.errors import StoreError
from portdash.manager.allocation_log import LOGGER
from portdash.manager.allocator import OnFailure, check_on_failure
from portdash.manager.asking import Asked, named, searching
from portdash.manager.defaulting import default_for, warning_of
from portdash.manager.endpoints import endpoint_or
from portdash.manager.facade import PortManager
from portdash.manager.suggesting import Suggestion
from portdash.manager.variables import Variables
from portdash.manager.wishes import Wish
from portdash.model.assignment import Assignment
from portdash.model.default_port import DefaultPort

_log = logging.getLogger(LOGGER)


_managers: dict[tuple[int, str], PortManager] = {}
"""By process and directory. They are kept: what a manager has leased, the process leases as long as it lives."""
_guard = threading.Lock()


def manager() -> PortManager:
    """Return the manager of the working directory, the same in every thread; a fork has its own."""
    here = (os.getpid(), str(Path.cwd()))
    with _guard:
        if here not in _managers:
            _managers[here] = PortManager()
        return _managers[here]


@overload
def allocate(name: str, *, on_failure: None = None, **wishes: Any) -> Assignment: ...  # noqa: ANN401


@overload
def allocate(name: str, *, on_failure: OnFailure, **wishes: Any) -> Assignment | DefaultPort: ...  # noqa: ANN401


def allocate(name: str, *, on_failure: OnFailure | None = None, **wishes: Any) -> Assignment | DefaultPort:
    """Give a service a port, or the one it has. Takes what `PortManager.allocate` takes.

    With `on_failure="default"` a service that can be given none gets the port it asks for first, as a DefaultPort.
    """
    strategy, lease = wishes.pop("strategy", None), wishes.pop("lease", True)
    return _give(searching(name, **wishes), strategy=strategy, lease=lease, on_failure=on_failure)


def allocate_many(services: Iterable[Asked]) -> tuple[Assignment, ...]:
    """Give several services their ports, or none: names, specs, wishes, or dicts such as `{"name": …, "base": …}`."""
    return manager().allocate_many(services)


allocate_multiple_ports = allocate_many


@overload
def allocate_port(
    name: str | None = None,
    type: str | None = None,
    preferred: int | None = None,
    *,
    service_name: str | None = None,
    base_port: int | None = None,
    max_port: int | None = None,
    exclude: int | Collection[int] = (),
    on_failure: None = None,
) -> Assignment: ...


@overload
def allocate_port(
    name: str | None = None,
    type: str | None = None,
    preferred: int | None = None,
    *,
    service_name: str | None = None,
    base_port: int | None = None,
    max_port: int | None = None,
    exclude: int | Collection[int] = (),
    on_failure: OnFailure,
) -> Assignment | DefaultPort: ...


def allocate_port(
    name: str | None = None,
    type: str | None = None,  # noqa: A002  the word of the contract
    preferred: int | None = None,
    *,
    service_name: str | None = None,
    base_port: int | None = None,
    max_port: int | None = None,
    exclude: int | Collection[int] = (),
    on_failure: OnFailure | None = None,
) -> Assignment | DefaultPort:
    """Give a service a port: `preferred` or one of its type's range, or one from `base_port` to `max_port`.

    Without `max_port` the search ends at base_port + 100. `service_name` is another word for `name`.
    """
    wish = searching(
        named(name, service_name), type=type, preferred=preferred, base=base_port, max_port=max_port, exclude=exclude
    )
    return _give(wish, on_failure=on_failure)


def assign_port(service_name: str, purpose: str = "") -> int:
    """Return the service's port; the next in order if it has none yet."""
    return manager().assign_port(service_name, purpose)


def port_from_env(variable: str, name: str, base: int | None = None) -> int:
    """Return the port that an environment variable says, if the service can have it, else one that it is given.

    A variable that is no port, or one that is taken, is a warning in the log.
    """
    return manager().port_from_env(variable, name, base)


def get_port_from_env_or_allocate(env_var: str, base_port: int, service_name: str) -> int:
    """Return the port that an environment variable says, else the first free one from `base_port` on."""
    return manager().port_from_env(env_var, service_name, base_port)


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


def get_config() -> Variables:
    """Return the ports of this workspace as attributes: `get_config().WEB_SERVER_PORT`, `get_config().PORT`."""
    return manager().config()


def is_port_available(port: int) -> bool:
    """Say whether a server could bind the port now, on every address."""
    return manager().is_port_available(port)


def endpoint(name: str, default: str | None = None, *, scheme: str = "http") -> str:
    """Return the URL at which the service answers: where its server was seen, else as assigned or configured.

    Where that cannot be told, as when the store is missing, it is `default`, with a warning in the log, or without one
    an error: NoSuchService or StoreError.
    """
    return endpoint_or(default, name, lambda: manager().endpoint(name, scheme=scheme))


def _give(
    wish: Wish, *, strategy: str | None = None, lease: bool = True, on_failure: OnFailure | None = None
) -> Assignment | DefaultPort:
    """Give a service its port; the default of the wish is for a store, too, that cannot even be opened."""
    check_on_failure(on_failure)
    try:
        current = manager()
    except StoreError as error:
        if on_failure is None:
            raise
        default = default_for(wish, error)
        _log.warning(warning_of(default))
        return default
    return current.allocate_wish(wish, strategy=strategy, lease=lease, on_failure=on_failure)
