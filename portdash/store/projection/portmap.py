"""The committed map of ports as text, `{"web": 3000}`: written one line an entry, read strictly, and pure.

A person edits this file and git merges it, so whatever is off is named with its line, and nothing is guessed.
"""

import json
import re
from collections.abc import Mapping

from portdash.errors import UsageError
from portdash.model.names import check_service
from portdash.record import record
from portdash.text import clean

LARGEST = 1 << 20
"""Bytes of the largest map that is read: some twenty thousand services."""

_SPACE = re.compile(r"[ \t\r\n]*")
_TEXT = re.compile(r'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*"')
_WORD = re.compile(r'[^\s{}\[\]:,"]+')
_MERGE = re.compile(r"^(<{7}|\|{7}|={7}|>{7})(?:[ \r]|$)", re.MULTILINE)
_WHOLE = re.compile(r"-?[0-9]+")
_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")


class BadMap(ValueError):
    """The text is no map of ports. `line` counts from 1; `message` says what stands there, `hint` what to do."""

    def __init__(self, line: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.hint = hint


@record
class Entry:
    """One service and its port."""

    name: str
    """As it was written."""
    port: int
    line: int
    """Where it stands, from 1."""


def format_map(ports: Mapping[str, int]) -> bytes:
    """Return the map as it is committed: sorted by name, one line an entry, so that git can merge two of them."""
    return (json.dumps(dict(sorted(ports.items())), indent=2) + "\n").encode("ascii")


def parse_map(data: bytes) -> tuple[Entry, ...]:
    """Return the entries in their order. Raises BadMap for everything that is not a plain map of names to ports."""
    reader = _Reader(_decode(data))
    reader.take("{", "a map begins with {")
    entries: dict[str, Entry] = {}
    if reader.peek() != "}":
        while True:
            entry = _entry(reader)
            if first := entries.get(entry.name.casefold()):
                raise BadMap(
                    entry.line,
                    f"{entry.name} stands there twice, first in line {first.line}",
                    "keep one line for each service",
                )
            entries[entry.name.casefold()] = entry
            if reader.peek() != ",":
                break
            reader.take(",", "")
            if reader.peek() == "}":
                raise BadMap(reader.line, "a comma follows the last entry", "take the comma out")
    reader.take("}", "a comma or } is missing")
    if reader.peek():
        raise BadMap(reader.line, "something follows the map", "keep what stands between { and }")
    return tuple(entries.values())


def _entry(reader: "_Reader") -> Entry:
    line, name = reader.name()
    reader.take(":", f"a colon is missing after {clean(name, limit=80)}")
    return Entry(name, reader.port(name), line)


class _Reader:
    """A place in the text that moves on."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counted = 0
        self.line = 1
        """Line of the next character that is not white."""

    def peek(self) -> str:
        """Return the next character that is not white, nothing at the end."""
        space = _SPACE.match(self._text, self._at)
        assert space is not None
        self._at = space.end()
        self.line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._text[self._at : self._at + 1]

    def take(self, mark: str, missing: str) -> None:
        """Move past `mark`, or raise that it is `missing`."""
        found = self.peek()
        if found != mark:
            said = f"{missing}, and {_seen(found)}" if missing else _seen(found)
            raise BadMap(self.line, said, 'write it as {"web": 3000, "api": 3001}')
        self._at += 1

    def name(self) -> tuple[int, str]:
        """Read the name of a service; return its line as well."""
        found = self.peek()
        match = _TEXT.match(self._text, self._at)
        if match is None:
            raise BadMap(self.line, f"a name in quotes is missing, and {_seen(found)}", 'write it as "web": 3000')
        self._at = match.end()
        try:
            name = json.loads(match[0])
            assert isinstance(name, str)
            return self.line, check_service(name)
        except UsageError as error:
            raise BadMap(self.line, clean(error.message), error.hint) from error
        except ValueError as error:
            raise BadMap(self.line, f"{clean(match[0], limit=80)} is no JSON text", "write the name plainly") from error

    def port(self, name: str) -> int:
        """Read the port of the service `name`."""
        found = self.peek()
        hint = f'write it as "{name}": 3000'
        if found in ("{", "["):
            raise BadMap(self.line, f"the port of {name} is nested: this is a plain map of names to ports", hint)
        if found == '"':
            raise BadMap(self.line, f"the port of {name} is a text", f"{hint}, without quotes")
        match = _WORD.match(self._text, self._at)
        if match is None:
            raise BadMap(self.line, f"the port of {name} is missing, and {_seen(found)}", hint)
        word = match[0]
        self._at = match.end()
        if word in _LITERALS or not _WHOLE.fullmatch(word):
            raise BadMap(self.line, f"the port of {name} is {clean(word, limit=40)}, which is no whole number", hint)
        digits = word.removeprefix("-")
        if digits != "0" and digits.startswith("0"):
            raise BadMap(self.line, f"the port of {name}, {clean(word, limit=40)}, begins with 0", hint)
        if len(word) > 5 or not 1 <= int(word) <= 65535:
            raise BadMap(
                self.line, f"the port of {name} is {clean(word, limit=40)}", "a port is a whole number from 1 to 65535"
            )
        return int(word)


def _decode(data: bytes) -> str:
    """Return the text, or say what makes it none."""
    if len(data) > LARGEST:
        raise BadMap(1, "it is larger than 1 MiB", "a map of ports has one short line a service")
    if data.startswith(b"\xef\xbb\xbf"):
        raise BadMap(1, "it begins with a byte order mark", "save it as UTF-8 without one")
    if (place := data.find(b"\0")) >= 0:
        raise BadMap(data.count(b"\n", 0, place) + 1, "a NUL byte stands there", "save it as plain UTF-8 text")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadMap(data.count(b"\n", 0, error.start) + 1, "it is not UTF-8", "save it as UTF-8") from error
    if match := _MERGE.search(text):
        line = text.count("\n", 0, match.start()) + 1
        raise BadMap(line, f"a merge is unfinished: {match[1]} stands there", "resolve it, one line a service")
    if not text.strip():
        raise BadMap(1, "it is empty", "write {} for a workspace without services, or remove the file")
    return text


def _seen(found: str) -> str:
    return f"{clean(found)!r} stands there" if found else "the file ends there"
