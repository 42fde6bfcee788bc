"""From the text of one file to a `FileTable`, noting every problem on the way instead of stopping at the first."""

import re
import tomllib
from collections.abc import Sized
from enum import StrEnum
from pathlib import Path
from typing import TypeVar, get_args, get_origin

import msgspec

from portdash.config.leaves import Leaves, explain
from portdash.config.origins import dotted
from portdash.config.problems import Problem, Problems, shown, suggestion
from portdash.config.tables import FileTable, Table
from portdash.errors import InvalidName
from portdash.model.names import check_service, check_workspace
from portdash.text import clean

T = TypeVar("T", bound=Table)
_DEEP_KEY = re.compile(rb"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){16}""")
"""A key of more than 16 parts: none of ours is, and the TOML reader takes quadratic time and memory for long ones."""
_MOST = {"services": 1000, "environments": 50, "ranges": 1000, "hooks": 1000}
"""Entries that are read; a file made by a person has fewer, and one made to hurt comes to an end."""
_AT = re.compile(r"(.*) \(at (?:(line \d+, column \d+)|(end of document))\)$", re.DOTALL)


def decode_file(content: bytes, *, path: Path, home: Path, problems: Problems) -> FileTable:
    """Return what a file says; what is wrong in it is noted in `problems` and left out."""
    place = clean(str(path), limit=None)
    found = parse(content, place=place, problems=problems)
    return _Decoder(place, Leaves(directory=path.parent, home=home), problems).table(found, FileTable, ())


def parse(content: bytes, *, place: str, problems: Problems) -> dict[str, object]:
    """Return the tables of a file; one that is no TOML is noted in `problems`, and has none."""
    try:
        text = content.decode("utf-8-sig")
        if not _DEEP_KEY.search(content):
            return tomllib.loads(text)
        message = "a key has more than 16 parts"
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"line {line}: not UTF-8 text (byte {content[error.start]:#04x})"
    except RecursionError:
        message = "nested too deeply"
    except tomllib.TOMLDecodeError as error:
        message = _located(str(error), lines=content.count(b"\n") + 1)
    except ValueError as error:  # a number of thousands of digits
        message = f"not TOML: {clean(str(error).partition(';')[0], limit=120)}"
    problems.add(Problem(place=place, message=message, hint="the file must be TOML: see config.example.toml"))
    return {}


def _located(text: str, *, lines: int) -> str:
    """Put the place first: `line 3, column 7: expected '=' ...`."""
    found = _AT.match(text)
    what, where = (found[1], found[2] or f"line {lines}, at its end") if found else (text, "")
    what = clean(what[:1].lower() + what[1:], limit=160)
    return f"{where}: not TOML: {what}" if where else f"not TOML: {what}"


class _Decoder:
    """Walks the tables of one file."""

    def __init__(self, place: str, leaves: Leaves, problems: Problems) -> None:
        self._place = place
        self._leaves = leaves
        self._problems = problems

    def table(self, found: dict[str, object], shape: type[T], above: tuple[str, ...]) -> T:
        """Return one table, without what is wrong in it. A table that lacks a required key raises _Incomplete."""
        fields = {field.name: field for field in msgspec.structs.fields(shape)}
        values: dict[str, object] = {}
        for written, value in found.items():
            key = shape.aliases.get(written, written)
            if key != written and key in found:
                self._note((*above, written), value, f"is the same as {key}, which is set as well", None)
                continue
            if key not in fields:
                hint = None if self._problems.is_full else suggestion(key, fields, what="keys here")
                self._note((*above, key), value, "unknown key", hint)
                continue
            try:
                values[key] = self._value(value, fields[key].type, (*above, key))
            except _Wrong:
                continue
        if missing := [field.name for field in fields.values() if field.required and field.name not in found]:
            self._note((*above, missing[0]), None, "is missing", None)
        if any(field.required and field.name not in values for field in fields.values()):
            raise _Wrong
        return shape(**values)

    def _value(self, value: object, kind: object, path: tuple[str, ...]) -> object:
        for part in (kind, *get_args(kind)):
            if isinstance(part, type) and issubclass(part, Table):
                return self._subtable(value, part, path)
            if get_origin(part) is dict and path[-1] in _NAMED:
                return self._named(value, get_args(part)[1], path)
            if (
                get_origin(part) is tuple
                and isinstance(get_args(part)[0], type)
                and issubclass(get_args(part)[0], Table)
            ):
                return self._list(value, get_args(part)[0], path)
        try:
            return self._leaves.read(value, kind)
        except msgspec.ValidationError as error:
            where, message, hint = explain(error)
            inner = _inside(value, where)
            self._note(path, inner, message, hint or _choices(kind, inner), where=where)
            raise _Wrong from error

    def _subtable(self, value: object, shape: type[T], path: tuple[str, ...]) -> T:
        if isinstance(value, dict):
            return self.table(value, shape, path)
        if shape.shorthand and isinstance(value, str):
            return self.table({shape.shorthand: value}, shape, path)
        expected = "a table or text" if shape.shorthand else f"a table, as in [{dotted(*path)}]"
        self._note(path, value, f"expected {expected}", None)
        raise _Wrong

    def _named(self, value: object, shape: type[T], path: tuple[str, ...]) -> dict[str, T]:
        """Tables by name, such as `[services.web]`."""
        if not isinstance(value, dict):
            self._note(path, value, f"expected tables, as in [{dotted(*path)}.NAME]", None)
            raise _Wrong
        self._check_size(value, path)
        named: dict[str, T] = {}
        spelled: dict[str, str] = {}
        for name, table in value.items():
            try:
                (check_service if path[-1] == "services" else check_workspace)(name)
            except InvalidName as error:
                message = error.message if path[-1] == "services" else "not a name for an environment"
                self._note((*path, clean(name, limit=80)), None, message, error.hint)
                continue
            if path[-1] == "services" and (other := spelled.setdefault(name.casefold(), name)) != name:
                self._note((*path, name), None, f"the same service as {other}", "names differ by more than case")
                continue
            try:
                named[name] = self._subtable(table, shape, (*path, name))
            except _Wrong:
                continue
        return named

    def _list(self, value: object, shape: type[T], path: tuple[str, ...]) -> tuple[T, ...]:
        """Tables in order, such as `[[ranges]]`."""
        if not isinstance(value, list):
            self._note(path, value, f"expected a list of tables, as in [[{dotted(*path)}]]", None)
            raise _Wrong
        self._check_size(value, path)
        tables = []
        for number, table in enumerate(value):
            try:
                tables.append(self._subtable(table, shape, (*path[:-1], f"{path[-1]}[{number}]")))
            except _Wrong:
                continue
        return tuple(tables)

    def _check_size(self, value: Sized, path: tuple[str, ...]) -> None:
        if len(value) > _MOST[path[-1]]:
            self._note(path, None, f"{len(value)} entries, at most {_MOST[path[-1]]} are possible", None)
            raise _Wrong

    def _note(self, path: tuple[str, ...], value: object, message: str, hint: str | None, *, where: str = "") -> None:
        key = clean(dotted(*path)) + clean(where)
        text = None if value is None else shown(dotted(*path), value)
        self._problems.add(Problem(place=self._place, key=key, value=text, message=clean(message), hint=hint))


def _inside(value: object, where: str) -> object:
    """The part of a value that msgspec means by `[2]`; the value itself where it means something else."""
    if isinstance(value, list) and (found := re.fullmatch(r"\[(\d+)\]", where)):
        return value[int(found[1])]
    return value


def _choices(kind: object, value: object) -> str | None:
    """What may stand in place of a word that is not in the vocabulary."""
    for part in (kind, *get_args(kind)):
        if isinstance(part, type) and issubclass(part, StrEnum):
            return suggestion(str(value), [each.value for each in part], what="possible")
        if part is not kind and (inner := _choices(part, value)):
            return inner
    return None


_NAMED = ("services", "environments")
"""Keys of tables that are looked up by name."""


class _Wrong(Exception):
    """A value that was noted as wrong and is left out."""
