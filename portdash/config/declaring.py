"""Writing a service into the text of a configuration file, every other byte of which stays as it is.

The new text is only returned once a TOML reader finds in it exactly what was there before and the new service.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager

from portdash.config.decoding import parse
from portdash.config.origins import dotted
from portdash.config.problems import Problems
from portdash.config.toml_lines import after_the_last, insert, line_of, split_lines
from portdash.errors import ConfigError, UsageError
from portdash.record import record
from portdash.text import clean

Value = str | int | bool | tuple[str | int, ...]
"""What a key of a service is set to."""
Tables = dict[str, object]
Items = MutableMapping[str, object]


@record(kw_only=True)
class NewService:
    """A service to be declared."""

    name: str
    values: Mapping[str, Value]
    """By key of `[services.NAME]`. Nothing is checked here but that they arrive as they are."""
    environment: str | None = None
    """Where given, it is declared in `[environments.NAME]` alone."""
    replace: bool = False
    """Whether it may take the place of a declaration that is there."""

    @property
    def above(self) -> tuple[str, ...]:
        """Keys of the table that holds the services."""
        return ("services",) if self.environment is None else ("environments", self.environment, "services")

    @property
    def table(self) -> Tables:
        """What a reader finds in its table."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in self.values.items()}


def declare(text: str, new: NewService, *, place: str) -> str:
    """Return the text of a file with `new` in it. `place` is what the file is called.

    Raises UsageError when it is declared there already, ConfigError when the file is no TOML, or laid out so that
    nothing can be added.
    """
    problems = Problems()
    found = parse(text.encode(), place=place, problems=problems)
    problems.raise_first()
    spelling = _spelling(found, new)
    if spelling is not None and not new.replace:
        line = line_of(text, (*new.above, spelling))
        where = f"{place}, line {line}" if line else place
        raise UsageError(
            f"{clean(spelling)} is declared already: {where}", hint="--replace declares it anew; or change it there"
        )
    wanted = _with(found, new, spelling or new.name)
    for attempt in _replaced(text, new, spelling) if spelling is not None else _added(text, new):
        if _reads_as(attempt, wanted):
            return attempt
    raise ConfigError(
        f"{place} is laid out in a way that {clean(dotted(*new.above, new.name))} cannot be written into",
        hint="write it by hand, as config.example.toml shows",
    )


def block(new: NewService) -> str:
    """Return the service as a table of its own: `[services.web]` and its keys."""
    import tomlkit  # noqa: PLC0415  only for who writes a file

    holder = tomlkit.table()
    for key, value in new.table.items():
        holder.append(key, value)
    for part in reversed((*new.above[1:], new.name)):
        table = tomlkit.table(is_super_table=True)
        table.append(part, holder)
        holder = table
    document = tomlkit.document()
    document.append(new.above[0], holder)
    return document.as_string().strip("\n") + "\n"


def _spelling(found: Tables, new: NewService) -> str | None:
    """Return how the service is spelled where it is declared already; case does not count."""
    table: object = found
    for key in new.above:
        table = table.get(key) if isinstance(table, dict) else None
    names = table if isinstance(table, dict) else {}
    return next((name for name in names if name.casefold() == new.name.casefold()), None)


def _with(found: Tables, new: NewService, spelling: str) -> Tables:
    """Return what a reader shall find: `found`, changed."""
    table = found
    for key in new.above:
        inner = table.setdefault(key, {})
        if not isinstance(inner, dict):
            message = f"{clean(dotted(*new.above))} is not a table"
            raise ConfigError(message, hint="mend it first: `portdash config check` says where")
        table = inner
    table[spelling] = new.table
    return found


def _reads_as(text: str, wanted: Tables) -> bool:
    try:
        return _is_same(tomllib.loads(text), wanted)
    except (ValueError, RecursionError):
        return False


def _is_same(one: object, other: object) -> bool:
    """Compare what was read; 1 is neither 1.0 nor true here, and nan is nan."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return one == other or (one != one and other != other)  # noqa: PLR0124  how nan is told


def _added(text: str, new: NewService) -> Iterator[str]:
    """Yield texts with the service added: after the others, at the end of the file, in an inline table."""
    lines, written = split_lines(text), block(new)
    for above in dict.fromkeys((new.above, new.above[:2])):
        if (at := after_the_last(lines, above)) is not None:
            yield insert(lines, at, written)
    yield insert(lines, len(lines), written)
    yield from _edited(text, new.above, lambda table: _put_inline(table, new))


def _replaced(text: str, new: NewService, spelling: str) -> Iterator[str]:
    """Yield the text with the keys of a declared service set anew; those not named go, comments stay."""
    yield from _edited(text, (*new.above, spelling), lambda table: _set_anew(table, new))


def _edited(text: str, path: tuple[str, ...], change: Callable[[Items], None]) -> Iterator[str]:
    """Yield the text with one table changed, nothing where it is laid out so that it cannot be."""
    import tomlkit  # noqa: PLC0415  only for who writes a file
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        document = tomlkit.parse(text)
        table: object = document
        for key in path:
            table = table.get(key) if isinstance(table, MutableMapping) else None
        if isinstance(table, MutableMapping):
            change(table)
            yield document.as_string()
    except (TOMLKitError, LookupError, TypeError, ValueError, RecursionError):
        return  # whoever asked finds no text that reads as it should, and says so


def _put_inline(table: Items, new: NewService) -> None:
    import tomlkit  # noqa: PLC0415  only for who writes a file

    inner = tomlkit.inline_table()
    for key, value in new.table.items():
        inner.append(key, value)
    table[new.name] = inner


def _set_anew(table: Items, new: NewService) -> None:
    with _comments_apart(table):
        for key in [key for key in table if key not in new.values]:
            del table[key]
        for key, value in new.table.items():
            if key not in table or not _is_same(_plain(table[key]), value):  # a list as it is keeps its comments
                table[key] = value


def _plain(item: object) -> object:
    from tomlkit.items import Item  # noqa: PLC0415  only for who writes a file

    return item.unwrap() if isinstance(item, Item) else item


@contextmanager
def _comments_apart(table: Items) -> Iterator[None]:
    """Put what is added to a table before the comments that stand apart at its end: they are about what follows."""
    from tomlkit.items import Comment, Table, Whitespace  # noqa: PLC0415  only for who writes a file

    if not isinstance(table, Table):
        yield
        return
    body = table.value.body
    end = len(body)
    while end and isinstance(body[end - 1][1], (Comment, Whitespace)):
        end -= 1
    apart = next((at for at in range(end, len(body)) if isinstance(body[at][1], Whitespace)), len(body))
    kept = body[apart:]
    del body[apart:]
    yield
    body.extend(kept)
