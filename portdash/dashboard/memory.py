"""What the dashboard remembers from one day to the next: colours, order, columns, past filters.

It is kept in a file of our own in the state directory, that nobody edits. It never holds what hides something: a
filter in force, a scope, a pause. A damaged file is ignored, said once, and written anew with the next choice.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from portdash.dashboard.rows.layout import Column
from portdash.dashboard.rows.view import Sort, View
from portdash.files import replace_file
from portdash.record import field, record, replace
from portdash.text import clean

FILE = "dashboard.json"
VERSION = 1
FILTERS_KEPT = 50
LONGEST_FILTER = 500
_MOST_BYTES = 100_000


@record(kw_only=True)
class Remembered:
    """What was chosen, as it is kept."""

    theme: str | None = None
    sorts: Mapping[View, Sort] = field(default_factory=lambda: MappingProxyType({}))
    without: Mapping[View, frozenset[Column]] = field(default_factory=lambda: MappingProxyType({}))
    """Columns that are not wanted."""
    filters: tuple[str, ...] = ()
    """Filters that were kept with enter, the latest last."""

    def with_filter(self, text: str) -> "Remembered":
        """Return it with one more filter; one that is there already moves to the end."""
        text = text.strip()[:LONGEST_FILTER]
        if not text:
            return self
        return replace(self, filters=(*(each for each in self.filters if each != text), text)[-FILTERS_KEPT:])


@dataclasses.dataclass(slots=True)
class Memory:
    """The file, and what it holds."""

    path: Path
    remembered: Remembered = dataclasses.field(default_factory=Remembered)

    def load(self) -> str:
        """Read the file; return what is wrong with it in a line, nothing where all is well or there is none."""
        try:
            with self.path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"{clean(self.path.name)} cannot be read: {error.strerror or error}"
        try:
            self.remembered = _read(content)
        except (ValueError, RecursionError) as error:
            return f"{clean(self.path.name)} is damaged and was ignored: {clean(str(error), limit=60)}"
        return ""

    def keep(self, remembered: Remembered) -> str:
        """Write the file as a whole or not at all; return what went wrong in a line, nothing where it was written."""
        if remembered == self.remembered:
            return ""
        self.remembered = remembered
        content = json.dumps(_written(remembered), ensure_ascii=True, indent=1).encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(self.path, content, mode=0o600)
        except OSError as error:
            return f"{clean(self.path.name)} cannot be written: {error.strerror or error}"
        return ""


def _written(remembered: Remembered) -> dict[str, object]:
    return {
        "version": VERSION,
        "theme": remembered.theme,
        "sorts": {
            view.name: [sort.column.value if sort.column else None, sort.is_reversed]
            for view, sort in remembered.sorts.items()
        },
        "without": {view.name: sorted(columns) for view, columns in remembered.without.items()},
        "filters": list(remembered.filters),
    }


def _read(content: bytes) -> Remembered:
    """Return what a document holds. Raises ValueError for anything that we would not have written."""
    if len(content) > _MOST_BYTES:
        raise ValueError("it is far too long")
    data = json.loads(content)
    if not isinstance(data, dict) or set(data) != {"version", "theme", "sorts", "without", "filters"}:
        raise ValueError("it has other keys than expected")
    if data["version"] != VERSION:
        raise ValueError(f"it is of version {data['version']!r}")
    theme, sorts, without, filters = (data[name] for name in ("theme", "sorts", "without", "filters"))
    if not (theme is None or isinstance(theme, str)) or not isinstance(sorts, dict) or not isinstance(without, dict):
        raise ValueError("a value has another type than expected")
    if not isinstance(filters, list) or not all(isinstance(each, str) for each in filters):
        raise ValueError("filters is no list of texts")
    return Remembered(
        theme=theme,
        sorts={_view(name): _sort(sort) for name, sort in sorts.items()},
        without={_view(name): _columns(columns) for name, columns in without.items()},
        filters=tuple(each[:LONGEST_FILTER] for each in filters[-FILTERS_KEPT:] if each.isprintable()),
    )


def _view(name: str) -> View:
    if name not in View.__members__:
        raise ValueError(f"there is no view {name!r}")
    return View[name]


def _sort(value: object) -> Sort:
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], bool):
        raise ValueError("sorts holds something else than columns")
    return Sort(None if value[0] is None else Column(value[0]), value[1])


def _columns(value: object) -> frozenset[Column]:
    if not isinstance(value, list):
        raise ValueError("without holds something else than columns")  # noqa: TRY004  one kind of error
    return frozenset(map(Column, value))
