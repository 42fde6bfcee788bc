"""The effective configuration as rows and as JSON: every key, its value, its origin; secrets taken out. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from portdash.config.durations import show_duration
from portdash.config.origins import Layer, dotted
from portdash.config.services import ServiceConfig
from portdash.config.settings import Config
from portdash.config.urls import redacted
from portdash.model.ports import PortRange
from portdash.record import record
from portdash.text import clean

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_DURATIONS = ("interval", "timeout", "initial_delay", "refresh")
_URLS = ("store", "url", "cluster")
_SECRETS = ("token", "headers")
_TOP = ("environment", "strategy", "base_port", "return_home", "read_only", "debug")


@record
class Row:
    """One effective value."""

    key: str
    value: Json
    """Ready for JSON; durations are text such as `10s`, ranges `3000-3010`, secrets `***`."""
    origin: str
    """Where it comes from, ready to read."""

    @property
    def text(self) -> str:
        """The value as people read it, on one line; `-` where nothing is set."""
        return _text(self.value)


def rows(config: Config) -> tuple[Row, ...]:
    """Return every effective value in the order of `config.example.toml`; of services, the keys that were set."""
    return tuple(Row(clean(key), _json(key, value), str(config.origin(key))) for key, value in _values(config))


def service_rows(config: Config, name: str) -> tuple[Row, ...]:
    """Return what was set for one service; nothing where no file declares it. `name` compares without case."""
    service = config.service(name)
    if service is None:
        return ()
    return tuple(
        Row(clean(key), _json(key, value), str(config.origin(key))) for key, value in _service(config, service)
    )


def as_json(config: Config) -> dict[str, Json]:
    """Return the same as one document."""
    return {
        "schema_version": 1,
        "environment": clean(config.environment),
        "environments": [clean(name) for name in config.environments],
        "files": [clean(str(path), limit=None) for path in config.files],
        "trusted": config.trusted,
        "values": [{"key": row.key, "value": row.value, "origin": row.origin} for row in rows(config)],
        "warnings": [clean(warning, limit=None) for warning in config.warnings],
    }


def _values(config: Config) -> Iterator[tuple[str, object]]:
    yield from ((name, getattr(config, name)) for name in _TOP)
    yield "workspace", config.workspace or config.workspace_base
    yield "store", config.store
    yield "range", config.bounds
    for name in ("dashboard", "health", "discovery", "api"):
        section = getattr(config, name)
        yield from ((dotted(name, field.name), getattr(section, field.name)) for field in fields(section))
    yield from ((dotted("keys", name), key) for name, key in config.keys.items())
    yield from ((dotted("urls", name), url) for name, url in config.urls.items())
    for number, each in enumerate(config.ranges):
        yield (
            f"ranges[{number}]",
            {"name": each.name, "range": each.ports, "type": each.type, "priority": each.priority},
        )
    for number, hook in enumerate(config.hooks):
        yield f"hooks[{number}]", {"on": hook.on, "command": hook.command, "timeout": hook.timeout}
    for service in config.services:
        yield from _service(config, service)


def _service(config: Config, service: ServiceConfig) -> Iterator[tuple[str, object]]:
    spec = service.spec
    values: dict[str, object] = {
        field.name: getattr(spec, field.name) for field in fields(spec) if field.name != "name"
    }
    values |= {
        "detect": service.fingerprint or service.detect,
        "health": service.health,
        "command": service.command,
        "depends_on": service.depends_on,
        "restart_on": service.restart_on,
        "url": service.url,
        "replicas": service.replicas,
    }
    found = False
    for name, value in values.items():
        key = dotted("services", service.name, name)
        if config.origin(key).layer is not Layer.BUILT_IN:
            found = True
            yield key, value
    if not found:
        yield dotted("services", service.name), {}


def _json(key: str, value: object) -> Json:
    """Return a value as JSON has it; the last part of its key says how it is written."""
    name = key.rpartition(".")[2]
    if value is None or isinstance(value, (bool, int)):
        return value
    if name in _SECRETS:
        return "***" if value else None
    if isinstance(value, float):
        return show_duration(value) if name in _DURATIONS else value
    if isinstance(value, str):
        return clean(redacted(value) if name in _URLS or key.startswith("urls.") else value, limit=None)
    return clean(str(value)) if isinstance(value, PortRange) else _many(key, value)


def _many(key: str, value: object) -> Json:
    """Return what holds other values: lists, tables, records. Of a record, what is set."""
    if isinstance(value, frozenset):
        value = sorted(value)
    if isinstance(value, (tuple, list)):
        return [_json(key, each) for each in value]
    if is_dataclass(value):
        value = {
            each.name: inner
            for each in fields(value)
            if (inner := getattr(value, each.name)) not in (None, (), {}) and inner is not False
        }
    if isinstance(value, Mapping):
        return {clean(str(name)): _json(f"{key}.{name}", inner) for name, inner in value.items()}
    raise TypeError(f"{key}: no way to show {type(value).__name__}")


def _text(value: Json) -> str:
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_text(inner)}" for name, inner in value.items())
    return str(value)
