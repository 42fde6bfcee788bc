"""Reading the single values of a file: what msgspec cannot know, and saying in plain words what is wrong with one."""

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from portdash.config import tables
from portdash.config.durations import parse_duration
from portdash.config.exported import check_variable
from portdash.config.problems import Rejected, nearest
from portdash.config.urls import REGISTRY_SCHEMES, parse_store, parse_url, resolve_path
from portdash.errors import PortdashError
from portdash.model.names import check_service, check_workspace
from portdash.model.policy import MANY_PREFERRED, MOST_PREFERRED
from portdash.model.ports import LAST_PORT, PortRange, check_port, parse_range

_KINDS_HINT = "such as vite, next, django, uvicorn, postgres, redis; or true for any kind, with `match` telling which"
_SHELL_SIGNS = frozenset(("&&", "||", "|", ";", "&", ">", ">>", "<", "2>&1"))
_WHERE = re.compile(r" - at `\$(.*)`$", re.DOTALL)
_WORDS = {"int": "a whole number", "str": "text", "bool": "true or false", "array": "a list", "object": "a table",
          "float": "a number", "null": "nothing"}  # fmt: skip


class Leaves:
    """Reads values of one file: relative paths in it count from its directory."""

    def __init__(self, *, directory: Path, home: Path) -> None:
        self._directory = directory
        self._home = home
        self._readers: Mapping[type, Callable[[object], object]] = {
            tables.Seconds: lambda value: tables.Seconds(parse_duration(value)),
            tables.Span: lambda value: tables.Span(read_range(value)),
            tables.PortList: _port_list,
            tables.PortSet: _port_set,
            tables.Command: lambda value: tables.Command(read_command(value)),
            tables.Line: lambda value: tables.Line(_line(value)),
            tables.Detect: lambda value: tables.Detect(_detect(value)),
            tables.ServiceName: lambda value: tables.ServiceName(check_service(_text(value))),
            tables.WorkspaceName: lambda value: tables.WorkspaceName(check_workspace(_text(value))),
            tables.Variable: lambda value: tables.Variable(check_variable(_text(value))),
            tables.Url: lambda value: tables.Url(parse_url(_text(value))),
            tables.RegistryUrl: lambda value: tables.RegistryUrl(parse_url(_text(value), schemes=REGISTRY_SCHEMES)),
            tables.UrlPath: lambda value: tables.UrlPath(_url_path(value)),
            tables.FilePath: lambda value: tables.FilePath(self._file_path(_text(value))),
            tables.StoreUrl: lambda value: tables.StoreUrl(
                parse_store(_text(value), directory=self._directory, home=self._home)
            ),
        }

    def _file_path(self, text: str) -> str:
        """Links resolved, because it is compared with what the kernel says."""
        return os.path.realpath(resolve_path(text, directory=self._directory, home=self._home))

    def read(self, value: object, kind: object) -> object:
        """Return `value` as `kind`, a type of a field of a table. Raises msgspec.ValidationError."""
        return msgspec.convert(value, kind, dec_hook=self._read_one, strict=True)

    def _read_one(self, kind: type, value: object) -> object:
        try:
            return self._readers[kind](value)
        except PortdashError as error:  # msgspec adds the place to a ValueError, and only to that
            raise Rejected(error.message, hint=error.hint) from error


def explain(error: msgspec.ValidationError) -> tuple[str, str, str | None]:
    """Return where inside the value it is wrong (`[2]`, often nothing), what is wrong, and a hint or None."""
    text = str(error)
    where = ""
    if found := _WHERE.search(text):
        where, text = found[1].replace("[...]", ""), text[: found.start()]
    cause = error.__cause__
    return where, _in_words(text), cause.hint if isinstance(cause, Rejected) else None


def read_range(value: object) -> PortRange:
    """Read `[first, last]` or `"first-last"`. Raises Rejected or InvalidPort."""
    if isinstance(value, str):
        return parse_range(value.strip())
    if isinstance(value, list) and len(value) == 2:
        return PortRange(check_port(value[0]), check_port(value[1]))
    raise Rejected("a range is [FIRST, LAST] or text such as 3000-3010")


def read_command(value: object) -> tuple[str, ...]:
    """Read a list of arguments, or one line that is split as a shell would, without one. Raises Rejected."""
    if isinstance(value, str):
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise Rejected(f"the command cannot be split: {str(error).lower()}") from None
        if signs := _SHELL_SIGNS.intersection(words):
            raise Rejected(f"{min(signs)} needs a shell", hint='write it as ["sh", "-c", "…"]')
    elif isinstance(value, list) and all(isinstance(word, str) for word in value):
        words = value
    else:
        raise Rejected("a command is one line of text, or a list of it")
    if not words or not words[0].strip() or any("\0" in word for word in words):
        raise Rejected("no program is named")
    return tuple(words)


def _port_list(value: object) -> tables.PortList:
    """Read ports in order; a text among them is a range, for all of its ports."""
    found = dict.fromkeys(_ports(value, lambda text: parse_range(text) if "-" in text else _one_port(text)))
    if len(found) > MOST_PREFERRED:
        raise Rejected(f"{len(found)} ports, at most {MOST_PREFERRED} are possible", hint=MANY_PREFERRED)
    return tables.PortList(found)


def _one_port(value: object) -> PortRange:
    port = check_port(value)
    return PortRange(port, port)


def _port_set(value: object) -> tables.PortSet:
    return tables.PortSet(_ports(value, parse_range))


def _ports(value: object, read: Callable[[str], PortRange]) -> Iterator[int]:
    """Yield the ports of a list, or of what stands alone, in its order; `read` reads a text."""
    parts = value if isinstance(value, list) else [value]
    ranges = dict.fromkeys(read(part) if isinstance(part, str) else _one_port(part) for part in parts)
    if sum(map(len, ranges)) > 4 * LAST_PORT:
        raise Rejected("the same ports are named many times over")
    return (port for ports in ranges for port in ports)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Rejected(f"expected text, got {type(value).__name__}")
    return value


def _line(value: object) -> str:
    text = _text(value)
    if not text.strip() or not text.isprintable() or len(text) > 1000:
        raise Rejected("expected one line of text")
    return text


def _detect(value: object) -> str:
    if isinstance(value, bool):
        return "*" if value else ""
    from portdash.model.server_kinds import TITLES, kind_named  # noqa: PLC0415  few services are detected

    word = _line(value)
    if kind := kind_named(word):
        return kind
    near = nearest(word, TITLES)
    raise Rejected("no such kind of server is known", hint=f"did you mean {near}?" if near else _KINDS_HINT)


def _url_path(value: object) -> str:
    text = _text(value)
    if not text.startswith("/") or text.startswith("//") or not text.isprintable() or " " in text:
        raise Rejected("expected a path from /, such as /health")
    return text


def _in_words(text: str) -> str:
    """Put msgspec's words into ours: Expected `int`, got `str` -> expected a whole number, got text."""
    text = re.sub(r"Invalid enum value (.*)", r"\1 is not possible", text, flags=re.DOTALL)
    for limit, words in (
        (r"Expected `int` >= (\d+)$", r"must be at least \1"),
        (r"Expected `int` <= (\d+)$", r"must be at most \1"),
    ):
        text = re.sub(limit, words, text)
    text = re.sub(r"`([a-z|]+)( \| null)?`", lambda found: _word(found[1]), text)
    return text.replace("Expected", "expected", 1)


def _word(types: str) -> str:
    names = [name for name in types.split("|") if name != "null"]
    return " or ".join(_WORDS.get(name, name) for name in names)
