"""Laying tables over each other, and remembering where each value came from."""

from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import fields, replace

from portdash.config.origins import Origin, dotted
from portdash.config.tables import SectionTable, Table


class Merged:
    """What the layers so far say together, with the origin of every value."""

    def __init__(self) -> None:
        self.table = SectionTable()
        self.origins: dict[str, Origin] = {}
        """By key in lower case."""
        self.declared: dict[str, Path] = {}
        """The strongest file that declares a service, by its name in lower case."""
        self.hook_files: list[Path | None] = []
        """The file that names each of the table's hooks."""

    def lay(self, table: SectionTable, origin: Origin) -> None:
        """Lay a section, or the part of a file that is one, over what is there.

        Single values, lists, `match` and `health` of a service are replaced whole; tables are laid over key by key;
        hooks are added to those before. Services are the same when their names differ in case alone.
        """
        self.origins.update((key.casefold(), origin) for key in set_keys(table))
        self.table = replace(self.table, **_changes(self.table, table))
        self.hook_files.extend(origin.path for _ in table.hooks or ())
        if origin.path:
            self.declared.update((name.casefold(), origin.path) for name in table.services or ())


def set_keys(table: SectionTable) -> Iterator[str]:
    """Yield the keys that have a value, as origins name them."""
    for field in fields(SectionTable):
        yield from _keys(getattr(table, field.name), (field.name,))


def _keys(value: object, path: tuple[str, ...]) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, Table) and not value.is_value:
        for field in fields(value):
            yield from _keys(getattr(value, field.name), (*path, field.name))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _keys(inner, (*path, name))
    else:
        yield dotted(*path)


def _changes(lower: Table, upper: Table) -> dict[str, object]:
    """The keys of `lower` that `upper` changes, with their new values."""
    return {
        field.name: _over(getattr(lower, field.name), value, adds=field.name == "hooks")
        for field in fields(lower)
        if (value := getattr(upper, field.name)) is not None
    }


def _over(lower: object, upper: object, *, adds: bool = False) -> object:
    if isinstance(upper, Table) and type(lower) is type(upper) and not upper.is_value:
        return replace(lower, **_changes(lower, upper))
    if isinstance(lower, dict) and isinstance(upper, dict):
        return _over_names(lower, upper)
    if adds and isinstance(lower, tuple) and isinstance(upper, tuple):
        return (*lower, *upper)
    return upper


def _over_names(lower: dict[str, object], upper: dict[str, object]) -> dict[str, object]:
    """Entries by name: those of both are laid over, in the lower one's order and the upper one's spelling."""
    given = {name.casefold(): (name, value) for name, value in upper.items()}
    merged: dict[str, object] = {}
    for name, value in lower.items():
        spelling, new = given.pop(name.casefold(), (name, None))
        merged[spelling] = value if new is None else _over(value, new)
    return merged | dict(given.values())
