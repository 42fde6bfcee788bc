"""Named tuples that cost little to define.

They are for the modules that a short command loads, which define some forty. The standard ones compile a `__new__` when
they are defined, and each annotation too where these are strings: half a dozen times the price of the class itself.
Here `__new__` is compiled once a tuple is made often, as the `__init__` of a record is. To who uses them, and to a type
checker, they are those of `typing`.
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found]  # as `collections` has it: faster than others
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Self, TypeVar

from portdash.annotated import annotations_in

T = TypeVar("T", bound="_Common")
New = Callable[..., T]

OFTEN = 8
"""How many of a kind are made before its `__new__` is compiled."""


class _Kind(type):
    """Makes the class of a named tuple from the annotations in its body."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, object]) -> _Kind:
        if getattr(bases[0], "_fields", None) != ():  # what they have in common, or one derived from a named tuple
            return super().__new__(cls, name, bases, {"__slots__": (), **body})
        fields = tuple(annotations_in(body))
        defaults = {field: body[field] for field in fields if field in body}
        for place, field in enumerate(fields):
            body[field] = _tuplegetter(place, f"Alias for field number {place}")
        body.update(__slots__=(), __match_args__=fields, _fields=fields, _field_defaults=defaults)
        body["__new__"] = _first_new(fields, defaults)
        return super().__new__(cls, name, bases, body)


class _Common(tuple[object, ...], metaclass=_Kind):
    """What all of them have."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    @classmethod
    def _make(cls, values: Iterable[object]) -> Self:
        """Return one of these values, which have to be as many as there are fields."""
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, /, **values: object) -> Self:
        """Return another one, with these values in place of its own."""
        made = self._make(map(values.pop, self._fields, self))
        if values:
            raise ValueError(f"Got unexpected field names: {list(values)!r}")
        return made

    def _asdict(self) -> dict[str, object]:
        """Return the values by the names of their fields."""
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        values = ", ".join(f"{field}={value!r}" for field, value in self._asdict().items())
        return f"{type(self).__name__}({values})"

    def __getnewargs__(self) -> tuple[object, ...]:
        return tuple(self)


def _first_new(fields: tuple[str, ...], defaults: Mapping[str, object]) -> New[T]:
    """Return the `__new__` of the first few: it works through the fields, and a compiled one takes its place."""
    needed = frozenset(fields)
    made = 0

    def new(cls: type[T], /, *args: object, **kwargs: object) -> T:
        nonlocal made
        made += 1
        if made <= OFTEN and len(args) <= len(fields) and kwargs.keys().isdisjoint(fields[: len(args)]):
            given = {**defaults, **dict(zip(fields, args, strict=False)), **kwargs}
            if given.keys() == needed:
                return tuple.__new__(cls, map(given.get, fields))
        owner = next(each for each in cls.__mro__ if "_field_defaults" in vars(each))
        compiled: New[T] = _compiled(owner.__qualname__, fields, defaults)
        setattr(owner, "__new__", compiled)  # noqa: B010  to mypy an assignment is a mistake
        return compiled(cls, *args, **kwargs)  # which says what does not fit

    return new


def _compiled(name: str, fields: tuple[str, ...], defaults: Mapping[str, object]) -> New[T]:
    names = {"_make": tuple.__new__, **{f"_default_{field}": value for field, value in defaults.items()}}
    taken = "".join(f", {field}=_default_{field}" if field in defaults else f", {field}" for field in fields)
    values = "".join(f"{field}, " for field in fields)
    exec(f"def __new__(_cls, /{taken}): return _make(_cls, ({values}))", names)  # noqa: S102  names of our own fields
    new: New[T] = names["__new__"]  # type: ignore[assignment]
    new.__qualname__ = f"{name}.__new__"
    return new


if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414  given on, to who imports it from here
else:
    NamedTuple = _Common
