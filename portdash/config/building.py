"""From merged tables to settings: what is set replaces the default, and values become the model's own types."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import fields

from portdash.config.hooks import HookConfig
from portdash.config.merging import Merged
from portdash.config.origins import BUILT_IN, Layer, dotted
from portdash.config.services import HANDSHAKES, HealthCheck, ServiceConfig
from portdash.config.settings import Config
from portdash.config.tables import HealthCheckTable, HookTable, Line, RangeTable, ServiceTable, Span, Table
from portdash.model.assignment import Match, ServiceSpec
from portdash.model.policy import TypeRange

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

D = TypeVar("D", bound="DataclassInstance")

_SPEC = ("type", "purpose", "preferred", "base", "range", "exclude", "env", "inherit_from", "conflicts_with",
         "priority", "pin", "protocol")  # fmt: skip
"""Keys of a service that are its specification's."""
_RUN = ("command", "depends_on", "restart_on", "url", "replicas")
"""Keys of a service that are its configuration's."""


def apply_files(config: Config, merged: Merged, *, untrusted: Path | None = None) -> Config:
    """Return `config` with all that the merged files say. `untrusted` is the project file that is not trusted."""
    table = merged.table
    config = replace(config, **_set(table, ("strategy", "base_port", "return_home", "store")))
    return replace(
        config,
        workspace_base=table.workspace and str(table.workspace),
        bounds=table.range.ports if table.range else config.bounds,
        ranges=config.ranges if table.ranges is None else tuple(map(_type_range, table.ranges)),
        services=tuple(_service(name, service, merged, untrusted) for name, service in (table.services or {}).items()),
        dashboard=_fill(config.dashboard, table.dashboard),
        health=_fill(config.health, table.health),
        discovery=_fill(config.discovery, table.discovery),
        api=_fill(config.api, table.api),
        keys=MappingProxyType({str(name): str(key) for name, key in (table.keys or {}).items()}),
        hooks=tuple(_hook(hook, file) for hook, file in zip(table.hooks or (), merged.hook_files, strict=True)),
    )


def _hook(table: HookTable, file: Path | None) -> HookConfig:
    hook = HookConfig(on=table.on, command=tuple(table.command), directory=file.parent if file else None)
    return _fill(hook, table, skip=("on", "command"))


def _type_range(table: RangeTable) -> TypeRange:
    return TypeRange(str(table.name), table.range.ports, str(table.type), table.priority)


def _service(name: str, table: ServiceTable, merged: Merged, untrusted: Path | None) -> ServiceConfig:
    spec = ServiceSpec(
        name=name,
        match=_fill(Match(), table.match) if table.match else None,
        **_set(table, _SPEC),
    )
    spec = _of_later_layer(spec, merged)
    file = merged.declared.get(name.casefold())
    command = merged.origins.get(dotted("services", name, "command").casefold())
    named_in = command.path if command else None
    home = named_in or file
    return ServiceConfig(
        spec=spec,
        detect=bool(table.detect),
        fingerprint=str(table.detect) if table.detect not in (None, "", "*") else None,
        health=_health_check(table.health) if table.health else None,
        file=file,
        root=home.parent if home else None,
        may_start=named_in is None or named_in != untrusted,
        **_set(table, _RUN),
    )


def _health_check(table: HealthCheckTable) -> HealthCheck:
    asked = tuple(name for name in HANDSHAKES if getattr(table, name))
    return replace(_fill(HealthCheck(), table, skip=HANDSHAKES), handshakes=asked)


def _of_later_layer(spec: ServiceSpec, merged: Merged) -> ServiceSpec:
    """Let go of a base or a range that a later layer has overridden by the other one; in one layer it is a mistake."""
    if spec.range is None or spec.base is None or spec.base in spec.range:
        return spec
    of_base, of_range = (_layer_of(spec.name, key, merged) for key in ("base", "range"))
    if of_base == of_range:
        return spec
    return replace(spec, range=None) if of_base > of_range else replace(spec, base=None)


def _layer_of(service: str, key: str, merged: Merged) -> int:
    """Return the place of the layer that sets a key of a service; a later one is higher."""
    origin = merged.origins.get(dotted("services", service, key).casefold(), BUILT_IN)
    return list(Layer).index(origin.layer)


def _fill(default: D, table: Table | None, *, skip: tuple[str, ...] = ()) -> D:
    """Return a section with the values that its table sets; both have the same keys."""
    if table is None:
        return default
    names = tuple(field.name for field in fields(table) if field.name not in skip)
    return replace(default, **_set(table, names))


def _set(table: Table, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the values that are set, ready for a dataclass with fields of the same names; a test compares the two."""
    return {name: _plain(value) for name in names if (value := getattr(table, name)) is not None}


def _plain(value: object) -> object:
    """Return a value without the class that only said how to read it."""
    if isinstance(value, Span):
        return value.ports
    if type(value).__module__ == Line.__module__:
        return _base(value)
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return MappingProxyType({str(name): _plain(inner) for name, inner in value.items()})
    return value


def _base(value: object) -> object:
    """Return a value of one of our kinds as the built-in type that it is one of."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return float(value)
    return frozenset(value) if isinstance(value, frozenset) else tuple(value) if isinstance(value, tuple) else value
