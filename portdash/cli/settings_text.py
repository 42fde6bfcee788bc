"""The configuration in force as keys with values, as `config show` lists them. Nothing secret is among them."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.config.origins import dotted
from portdash.config.services import ServiceConfig
from portdash.config.settings import Config
from portdash.config.urls import redacted
from portdash.model.assignment import ServiceSpec
from portdash.model.ports import PortRange

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_SECTIONS = ("dashboard", "health", "discovery", "api")
_UNSHOWN = frozenset(("token", "headers", "cluster", "url", "root", "may_start", "fingerprint", "spec", "name"))
"""What may hold a secret, and what no key of a file says."""


def settings(config: Config) -> Iterator[tuple[str, object]]:
    """Yield every key with its value, ready for JSON; of services only the keys that say something."""
    yield "environment", config.environment
    yield "workspace", config.workspace or config.workspace_base
    yield "strategy", config.strategy.value
    yield "base_port", config.base_port
    yield "range", str(config.bounds)
    yield "return_home", config.return_home
    yield "store", redacted(config.store)
    for name in _SECTIONS:
        for key, value in _fields(getattr(config, name)):
            yield dotted(name, key), value
    for each in config.ranges:
        yield dotted("ranges", each.name), f"{each.ports} {each.type}, priority {each.priority}"
    for key, value in config.keys.items():
        yield dotted("keys", key), value
    for service in config.services:
        yield from _service(service)
    for number, hook in enumerate(config.hooks):
        yield f"hooks[{number}].on", plain(hook.on)


def plain(value: object) -> object:
    """Return a value as JSON has it; a range reads `A-B`."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (PortRange, Path)):
        return str(value)
    if isinstance(value, (tuple, frozenset)):
        return [plain(each) for each in (sorted(value) if isinstance(value, frozenset) else value)]
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return dict(_fields(value, unset=False))
    return value


def _service(service: ServiceConfig) -> Iterator[tuple[str, object]]:
    silent = ServiceConfig(spec=ServiceSpec(name=service.name))
    for ours, default in ((service.spec, silent.spec), (service, silent)):
        for (key, value), (_, builtin) in zip(_fields(ours), _fields(default), strict=True):
            if value != builtin:
                yield dotted("services", service.name, key), value
    if service.url is not None:
        yield dotted("services", service.name, "url"), redacted(service.url)


def _fields(record: "DataclassInstance", *, unset: bool = True) -> Iterator[tuple[str, object]]:
    for field in fields(record):
        value = plain(getattr(record, field.name))
        if field.name not in _UNSHOWN and (unset or value is not None):
            yield field.name, value
