"""Names of services and workspaces, and the variable a service is exported as."""

import re
from functools import lru_cache

from portdash.errors import InvalidName
from portdash.text import shown

_SERVICE = r"[A-Za-z][A-Za-z0-9._-]{0,62}(?:@(?:[2-9]|[1-9][0-9]{1,2}))?"
_WORKSPACE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}(?:~[0-9a-f]{4})?"

DEFAULT_WORKSPACE = "default"
"""The workspace of everything outside any project."""


def check_service(name: str) -> str:
    """Return `name` if it can name a service or one of its further instances (`web@2`). Raises InvalidName."""
    if not isinstance(name, str):  # a library's caller may hand in anything
        raise InvalidName(f"{shown(name)!r} is no text, and so no service name")
    if not _is_service(name):
        raise InvalidName(f"{name[:80]!r} is not a service name")
    return name


@lru_cache(maxsize=4096)
def _is_service(name: str) -> bool:
    """Say whether it is one. A store's rows name each several times, at every look."""
    return re.fullmatch(_SERVICE, name) is not None


def check_workspace(name: str) -> str:
    """Return `name` if it can name a workspace. Raises InvalidName."""
    if not re.fullmatch(_WORKSPACE, name):
        raise InvalidName(f"{name[:80]!r} is not a workspace name")
    return name


def split_qualified(text: str) -> tuple[str | None, str]:
    """Split `shop/web` into workspace and service, `web` into None and service. Raises InvalidName."""
    if not isinstance(text, str):  # a library's caller may hand in anything
        raise InvalidName(f"{shown(text)!r} is no text, and so no service name")
    workspace, slash, service = text.rpartition("/")
    return (check_workspace(workspace) if slash else None), check_service(service)


def base_name(name: str) -> str:
    """Return the name that all instances of a service share: `web` for `web@2`."""
    return name.partition("@")[0]


def instance_names(name: str, replicas: int) -> tuple[str, ...]:
    """Return the names of a service's instances: `web`, `web@2` and `web@3` for three."""
    return (name, *(f"{name}@{number}" for number in range(2, replicas + 1)))


def workspace_from(directory_name: str) -> str:
    """Make a workspace name out of any directory's name; never fails."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", directory_name).strip("-._")[:63].rstrip("-._")
    return name if name and name[0].isalnum() else DEFAULT_WORKSPACE


def service_from(text: str) -> str | None:
    """Make a service name out of a foreign string such as a package's name, or None when nothing is left of it."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text.rpartition("/")[2]).strip("-._")[:63].rstrip("-._")
    return name if name and re.fullmatch(_SERVICE, name) else None


def variable_for(name: str) -> str:
    """Return the environment variable a service is exported as: `http-server` -> `HTTP_SERVER_PORT`."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper()) + "_PORT"
