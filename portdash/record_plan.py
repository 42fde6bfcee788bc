"""What a record's fields are, as far as filling, comparing and describing one needs to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import Field

Key = Callable[[object], tuple[object, ...]]

MISSING = object()
"""Stands for a default that there is none of."""


class Given:
    """What the body of a class says of a field besides its type, in the words of `dataclasses.field`."""

    __slots__ = ("said",)

    def __init__(self, **said: object) -> None:
        self.said = said


class Part:
    """One field, as far as a record needs to know it."""

    __slots__ = ("compare", "default", "factory", "init", "name", "shown", "type")

    def __init__(self, name: str, kind: object, given: object) -> None:
        said = given.said if isinstance(given, Given) else {"default": given}
        self.name, self.type = name, kind
        self.default = said.get("default", MISSING)
        self.factory: Any = said.get("default_factory", MISSING)
        self.init, self.shown, self.compare = (bool(said.get(what, True)) for what in ("init", "repr", "compare"))


class Plan:
    """What is known of a record's fields, worked out as far as somebody asks: most classes are but defined.

    May be asked from several threads: what two of them work out at once is the same.
    """

    __slots__ = (
        "_fields",
        "_key",
        "_parts",
        "by_place",
        "defaults",
        "factories",
        "given",
        "kinds",
        "kw_only",
        "made",
        "needed",
    )

    def __init__(self, kinds: Mapping[str, object], given: Mapping[str, object], *, kw_only: bool) -> None:
        self.kinds = kinds
        self.given = given
        self.kw_only = kw_only
        self.made = 0
        """How many have been made without a compiled `__init__`."""
        self.by_place: tuple[str, ...] | None = None
        """The names of the fields that may be given by place, once somebody has prepared it."""
        self.defaults: dict[str, object] = {}
        """Of the fields that `__init__` takes, those without a default with a mark in its place."""
        self.needed: tuple[str, ...] = ()
        """Those."""
        self.factories: dict[str, Any] = {}
        """What makes the defaults of others."""
        self._parts: tuple[Part, ...] | None = None
        self._key: Key | None = None
        self._fields: dict[str, Field[object]] | None = None

    def prepare(self) -> tuple[str, ...]:
        """Work out what it takes to fill one; return `by_place`."""
        given, factories = self.given, dict[str, Any]()
        defaults = {name: given.get(name, MISSING) for name in self.kinds}
        for name, value in given.items():
            if isinstance(value, Given):
                if value.said.get("init") is False:
                    del defaults[name]
                    continue
                defaults[name] = value.said.get("default", MISSING)
                if "default_factory" in value.said:
                    factories[name] = value.said["default_factory"]
        self.defaults, self.factories = defaults, factories
        self.needed = tuple(name for name, value in defaults.items() if value is MISSING and name not in factories)
        self.by_place = by_place = () if self.kw_only else tuple(defaults)
        return by_place

    @property
    def parts(self) -> tuple[Part, ...]:
        """All fields."""
        if self._parts is None:
            given = self.given
            self._parts = tuple(Part(name, kind, given.get(name, MISSING)) for name, kind in self.kinds.items())
        return self._parts

    @property
    def key(self) -> Key:
        """What gives the values that count when two are compared."""
        if self._key is None:
            names = [part.name for part in self.parts if part.compare]
            if len(names) > 1:
                self._key = attrgetter(*names)
            else:
                self._key = (lambda self: (getattr(self, names[0]),)) if names else lambda _: ()
        return self._key

    @property
    def fields(self) -> dict[str, Field[object]]:
        """The fields as the standard module has them."""
        if self._fields is None:
            import dataclasses  # noqa: PLC0415  as dear to load as Python is to start

            given = {
                name: dataclasses.field(**value.said) if isinstance(value, Given) else value  # type: ignore[call-overload]
                for name, value in self.given.items()
            }
            twin = type("Record", (), {"__doc__": "", "__annotations__": dict(self.kinds), **given})
            decorate = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=self.kw_only, match_args=False)
            self._fields = {each.name: each for each in dataclasses.fields(decorate(twin))}
        return self._fields
