"""The ports that a compose file publishes, as they are written and with the line on which they stand.

The file is parsed into nodes and never turned into objects; only `services`, their `ports` and what speaks of them is
looked at, so that aliases which stand for millions of entries cost nothing, or are refused.
"""

import re
from collections.abc import Iterator
from itertools import islice

import yaml

from portdash.errors import ConfigError
from portdash.record import field, record
from portdash.text import clean

LARGEST = 256 * 1024
"""Characters of the largest file that is parsed: the parser takes seconds for more."""
_MOST = 20_000
"""Nodes that are looked at, those behind aliases each time."""
_TOP = frozenset(("services", "volumes", "networks", "configs", "secrets", "include", "models", "name", "version"))
"""What may stand at the top of a compose file; an override file need not have services."""
_MOST_PORTS = 1000
"""Entries of `ports` in one file."""
_HINT = "`docker compose config` shows how docker reads it"
_VARIABLE = re.compile(r"\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)|([A-Za-z_][A-Za-z0-9_]*))")


@record(kw_only=True)
class Published:
    """One entry of `ports`, parts as they are written: they may hold variables and ranges."""

    service: str
    line: int
    """From 1."""
    host: str
    """Empty where docker may choose."""
    container: str
    protocol: str = "tcp"
    address: str = ""
    """Of the host; empty means all."""
    image: str = ""
    spoken_of: frozenset[str] = field(default_factory=frozenset)
    """Variables that occur elsewhere in the service, as in its command."""


def published_ports(text: str, *, name: str) -> tuple[Published, ...]:
    """Return every published port of a compose file in its order. Raises ConfigError, with file and line."""
    if len(text) > LARGEST:
        raise too_large(name)
    found = tuple(islice(_Reader(name).read(text), _MOST_PORTS + 1))
    if len(found) > _MOST_PORTS:
        raise ConfigError(f"{name} publishes more than {_MOST_PORTS} ports", hint=_HINT)
    return found


def too_large(name: str) -> ConfigError:
    """Return the error for a file of more than `LARGEST` bytes: half of it would be no answer."""
    return ConfigError(f"{name} is larger than {LARGEST // 1024} KiB", hint=_HINT)


def variables_in(text: str) -> frozenset[str]:
    """Return the names of the variables that occur in a text."""
    return frozenset(found[1] or found[2] for found in _VARIABLE.finditer(text) if found[1] or found[2])


class _Reader:
    """Walks one file, and counts what it looks at."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen = 0

    def read(self, text: str) -> Iterator[Published]:
        """Yield the entries of all services."""
        root = self._parse(text)
        top = self._items(root)
        if not any(key in _TOP or key.startswith("x-") for key in top):
            raise ConfigError(f"{self._name} is no compose file: it has no services", hint=_HINT)
        services = top.get("services")
        for service, body in self._items(services).items() if services else ():
            keys = self._items(body)
            image = keys.get("image")
            others = [node for key, node in keys.items() if key != "ports"]
            spoken_of = frozenset(each for node in others for each in self._spoken_of(node))
            for entry in self._sequence(keys.get("ports")):
                yield self._entry(service, entry, image=_text(image), spoken_of=spoken_of)

    def _parse(self, text: str) -> yaml.Node | None:
        try:
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
            raise ConfigError(f"{self._name}{line}: not YAML: {clean(error.problem or '')}", hint=_HINT) from error
        except yaml.YAMLError as error:
            raise ConfigError(f"{self._name}: not YAML: {clean(str(error))}", hint=_HINT) from error
        except RecursionError as error:
            raise ConfigError(f"{self._name}: nested too deeply", hint=_HINT) from error

    def _entry(self, service: str, node: yaml.Node, *, image: str, spoken_of: frozenset[str]) -> Published:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            keys = {key: _text(value) for key, value in self._items(node).items()}
            parts = (keys.get("host_ip", ""), keys.get("published", ""), keys.get("target", ""))
            protocol = keys.get("protocol", "tcp")
        elif isinstance(node, yaml.ScalarNode):
            mapping, _, protocol = node.value.partition("/") if "${" not in node.value else _protocol(node.value)
            parts = _parts(mapping)
        else:
            raise ConfigError(f"{self._name}, line {line}: not a port", hint="write HOST:CONTAINER")
        address, host, container = parts
        return Published(
            service=clean(service, limit=80),
            line=line,
            host=host,
            container=container,
            protocol=protocol or "tcp",
            address=address,
            image=image,
            spoken_of=spoken_of,
        )

    def _items(self, node: yaml.Node | None, depth: int = 0) -> dict[str, yaml.Node]:
        """Return a mapping's values by key, with what `<<` merges into it; empty for what is none."""
        if not isinstance(node, yaml.MappingNode) or depth > 20:
            return {}
        merged: dict[str, yaml.Node] = {}
        own: dict[str, yaml.Node] = {}
        for key, value in node.value:
            self._count(key)
            if _text(key) != "<<":
                own[_text(key)] = value
                continue
            for each in reversed(value.value) if isinstance(value, yaml.SequenceNode) else (value,):
                merged |= self._items(each, depth + 1)
        return merged | own

    def _sequence(self, node: yaml.Node | None) -> Iterator[yaml.Node]:
        for each in node.value if isinstance(node, yaml.SequenceNode) else ():
            self._count(each)
            yield each

    def _spoken_of(self, node: yaml.Node, depth: int = 0) -> Iterator[str]:
        """Yield the variables in all texts of a part of the file."""
        self._count(node)
        if isinstance(node, yaml.ScalarNode):
            yield from variables_in(node.value)
        elif isinstance(node, yaml.CollectionNode) and depth < 20:
            for each in node.value:
                for part in each if isinstance(each, tuple) else (each,):
                    yield from self._spoken_of(part, depth + 1)

    def _count(self, node: yaml.Node) -> None:
        self._seen += 1
        if self._seen > _MOST:
            line = node.start_mark.line + 1
            raise ConfigError(f"{self._name}, line {line}: its aliases stand for too much", hint=_HINT)


def _text(node: yaml.Node | None) -> str:
    return str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""


def _protocol(text: str) -> tuple[str, str, str]:
    """Split the protocol from a mapping whose variables may have a `/` in their defaults."""
    mapping, slash, protocol = text.rpartition("/")
    return (mapping, slash, protocol) if slash and "}" not in protocol else (text, "", "")


def _parts(mapping: str) -> tuple[str, str, str]:
    """Split `[ADDRESS:][HOST:]CONTAINER` at colons that stand in no braces and no brackets."""
    parts, depth = [""], 0
    for char in mapping.strip():
        depth += (char in "{[") - (char in "}]")
        if char == ":" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    *front, container = parts
    host = front.pop() if front else ""
    return ":".join(front).strip("[]"), host, container
