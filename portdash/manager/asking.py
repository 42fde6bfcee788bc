"""Wishes from what programs hand over: names, dicts in this or that spelling, specs."""

from collections.abc import Iterable, Mapping
from typing import Any

from portdash.errors import UsageError
from portdash.manager.wishes import Wish, wish_for, wish_of
from portdash.model.assignment import ServiceSpec
from portdash.text import clean, shown

Asked = Wish | ServiceSpec | Mapping[str, Any] | str

_SPELLINGS = {
    "service_name": "name",
    "serviceName": "name",
    "service_type": "type",
    "serviceType": "type",
    "preferred_port": "preferred",
    "preferredPort": "preferred",
    "base_port": "base",
    "basePort": "base",
    "maxPort": "max_port",
    "inheritFrom": "inherit_from",
    "conflictsWith": "conflicts_with",
}
"""What other port managers call the parameters of a wish."""


def to_wishes(services: Iterable[Asked]) -> list[Wish]:
    """Return what each of several services asks for. One in the place of several would be read by its letters or keys.

    Raises what `to_wish` raises.
    """
    if isinstance(services, str | bytes | Mapping) or not isinstance(services, Iterable):
        raise UsageError(f"{shown(services)} is no list of services", hint='write ["web", "api"]')
    return [to_wish(each) for each in services]


def to_wish(asked: Asked) -> Wish:
    """Return what a wish, a spec, a name or a dict of parameters asks for. Raises UsageError, InvalidName, InvalidPort.

    A dict has `name` and the parameters of a wish, in the spelling of other port managers too (`basePort`,
    `service_name`); `max_port` ends the search that begins at `base`.
    """
    if isinstance(asked, Wish):
        return asked
    if isinstance(asked, str):
        return wish_of(asked)
    if isinstance(asked, ServiceSpec):
        return wish_for(asked)
    if not isinstance(asked, Mapping):
        raise UsageError(f"{shown(asked)} is no service", hint='write {"name": "web", "base": 5000}')
    said: dict[str, Any] = {}
    for key, value in asked.items():
        name = _SPELLINGS.get(key, key)
        if not isinstance(name, str):
            raise UsageError(f"{shown(key)} is no parameter", hint="parameters are called by words")
        if name in said:
            raise UsageError(f"{clean(str(key))} says {name} a second time", hint="leave one of them out")
        said[name] = value
    if not isinstance(said.get("name"), str):
        raise UsageError("a service has no name", hint='write {"name": "web", "base": 5000}')
    return searching(said.pop("name"), **said)


def searching(name: str, **said: Any) -> Wish:  # noqa: ANN401  the parameters of a wish, checked where it is made
    """Return a wish from loose parameters; `max_port` ends the search that begins at `base`."""
    last = said.pop("max_port", None)
    if last is not None:
        if said.get("base") is None:
            raise UsageError("max_port ends a search that begins nowhere", hint="say base_port as well")
        said["range"] = (said["base"], last)
    if isinstance(said.get("exclude"), int):
        said["exclude"] = (said["exclude"],)
    return wish_of(name, **{key: None if value == () else value for key, value in said.items()})


def named(name: str | None, service_name: str | None) -> str:
    """Return the one of two spellings of a service's name that was said. Raises UsageError."""
    said = service_name if name is None else name
    if said is None:
        raise UsageError("a service has no name", hint='say service_name="web"')
    if name is not None and service_name is not None:
        raise UsageError("the service's name is said twice", hint="leave out either name or service_name")
    return said
