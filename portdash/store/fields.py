"""Strict reading of JSON objects: every field has its type, and nothing is left over."""

import json
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from portdash.errors import UsageError
from portdash.model.ports import PortRange, check_port

T = TypeVar("T")
Readers = Mapping[str, tuple[str, Callable[[object], object]]]
"""Which fields an object may have: what each is called by who takes it, and what reads it."""

_ABSENT = object()
_FURTHEST = 1 << 53
"""Seconds from which on not every whole number of them is a float; the largest are none at all."""
_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # it is not said to be public, and is what `decode` calls
_encoder = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
_maker = json.encoder.c_make_encoder  # type: ignore[attr-defined]  # as `_scan`; None where there is no C


class Undecodable(ValueError):
    """What was read is not what is written here."""


def _encoding() -> Callable[[Mapping[str, object]], str]:
    """Return what encodes: `encode` makes the same each time anew, which takes four times as long as to use it."""
    if _maker is None:
        return _encoder.encode
    words = json.encoder.encode_basestring_ascii
    encode = _maker(None, _encoder.default, words, None, ":", ",", False, False, False)
    return lambda value: "".join(encode(value, 0))


dumps = _encoding()
"""Returns compact JSON in ASCII, so that lone surrogates of odd file names survive SQLite."""


class Fields:
    """The fields of one JSON object, each taken once. Raises Undecodable for whatever is off."""

    __slots__ = ("_left",)

    def __init__(self, value: object) -> None:
        if type(value) is not dict:
            raise Undecodable("an object is missing")
        self._left: dict[str, object] = value.copy()

    @classmethod
    def parse(cls, text: str) -> "Fields":
        """Read JSON text."""
        try:
            value, end = _scan(text, 0)
        except (ValueError, StopIteration, RecursionError) as error:
            raise Undecodable("a record is not JSON") from error
        if end != len(text):  # `dumps` puts nothing around it
            raise Undecodable("a record is more than JSON")
        return cls(value)

    def done(self) -> None:
        """Check that nothing is left over."""
        if self._left:
            raise Undecodable("a record has fields that are not known here")

    def rest(self, readers: Readers, *, needed: Collection[str]) -> dict[str, Any]:
        """Take all that is left, each field through its reader, by the names that the readers give."""
        return read_all(self._left, readers, needed=needed)

    def any(self, name: str) -> object:
        """Take a field as it is; None when it is absent."""
        return self._left.pop(name, None)

    def list(self, name: str, read: Callable[[object], T]) -> tuple[T, ...]:
        """Take a list, each item through `read`; empty when it is absent."""
        value = self._left.pop(name, None)
        if value is None:
            return ()
        if type(value) is not list:
            raise Undecodable(f"{name} is not a list")
        return tuple(map(read, value))

    def text(self, name: str, default: object = _ABSENT) -> str:
        """Take a text."""
        value = self._left.pop(name, default)
        if type(value) is not str:
            raise Undecodable(f"{name} is not a text")
        return value

    def optional_text(self, name: str) -> str | None:
        """Take a text, None when it is absent."""
        return self.text(name) if name in self._left else None

    def whole(self, name: str, default: object = _ABSENT) -> int:
        """Take a whole number; True is none."""
        return whole(self._left.pop(name, default))

    def optional_port(self, name: str) -> int | None:
        """Take a port, None when it is absent."""
        return port(self._left.pop(name)) if name in self._left else None

    def moment(self, name: str) -> float:
        """Take a finite number of seconds."""
        return moment(self._left.pop(name, None))

    def flag(self, name: str) -> bool:
        """Take a truth, False when it is absent."""
        value = self._left.pop(name, False)
        if type(value) is not bool:
            raise Undecodable(f"{name} is not a truth")
        return value


def read_all(value: object, readers: Readers, *, needed: Collection[str]) -> dict[str, Any]:
    """Return all fields of a JSON object as their readers have them. Its cost is that of the fields there are."""
    if type(value) is not dict:
        raise Undecodable("an object is missing")
    found = {}
    for field, given in value.items():
        if field not in readers:
            raise Undecodable("a record has fields that are not known here")
        name, read = readers[field]
        found[name] = read(given)
    for name in needed:
        if name not in found:
            raise Undecodable(f"{name} is missing")
    return found


def list_of(read: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """Return what reads a list, each item through `read`."""

    def read_list(value: object) -> tuple[T, ...]:
        if type(value) is not list:
            raise Undecodable("a list is missing")
        return tuple(map(read, value))

    return read_list


def flag(value: object) -> bool:
    """Return `value` if it is a truth."""
    if type(value) is not bool:
        raise Undecodable("a truth is missing")
    return value


def moment(value: object) -> float:
    """Return `value` if it is a finite number of seconds."""
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and -_FURTHEST < value < _FURTHEST:
        return float(value)
    raise Undecodable("a time is missing")


def text(value: object) -> str:
    """Return `value` if it is a text."""
    if type(value) is not str:
        raise Undecodable("a text is missing")
    return value


def whole(value: object) -> int:
    """Return `value` if it is a whole number, which True is not."""
    if type(value) is not int:
        raise Undecodable("a number is missing")
    return value


def port(value: object) -> int:
    """Return `value` if it is a port."""
    try:
        return check_port(value)
    except UsageError as error:
        raise Undecodable(error.message) from error


def port_range(value: object) -> PortRange:
    """Return the range that a list of two ports stands for."""
    if type(value) is not list or len(value) != 2:
        raise Undecodable("a range is not two ports")
    try:
        return PortRange(*map(port, value))
    except UsageError as error:
        raise Undecodable(error.message) from error


def checked(check: Callable[[str], str], value: object) -> str:
    """Return `value` if it is a text that `check` accepts."""
    try:
        return check(text(value))
    except UsageError as error:
        raise Undecodable(error.message) from error


def word_of(words: Mapping[str, T], value: object, what: str) -> T:
    """Return what `value` stands for in a closed vocabulary; a mapping is far faster than calling the enumeration."""
    if type(value) is not str or value not in words:
        raise Undecodable(f"{what} is not known here")
    return words[value]
