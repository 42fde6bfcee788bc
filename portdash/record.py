"""Frozen dataclasses that cost little to define.

A command that prints one number defines some sixty of them, and defining them was half of what it cost: the standard
decorator compiles six methods for each, and puts them into a class that is there already. A record compiles one, its
`__init__`, and only once it is made often; the others are the same for all, and the class is made with them. The rest
is as in `dataclasses`: `fields`, `__post_init__`. `field` and `replace` are here, for records alone: the standard
module costs as much to load as Python to start, and is loaded by who asks for what only it can say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter, ge, gt, le, lt
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

from portdash.annotated import annotations_in

if TYPE_CHECKING:
    from dataclasses import Field
    from dataclasses import field as field  # noqa: PLC0414  a type checker knows what each may be given
    from dataclasses import replace as replace  # noqa: PLC0414  as well

T = TypeVar("T")
Key = Callable[[object], tuple[object, ...]]
Method = Callable[..., object]

OFTEN = 8
"""How many of a kind are made before its `__init__` is compiled, which costs as much as to make a dozen without."""

_UNSET = object()
"""Stands for a value that a factory makes."""
_MISSING = object()
"""Stands for a default that there is none of."""
_OF_NO_USE = ("__dict__", "__weakref__")
"""What a class without slots has for its instances."""


class _Given:
    """What the body of a class says of a field besides its type, in the words of `dataclasses.field`."""

    __slots__ = ("said",)

    def __init__(self, **said: object) -> None:
        self.said = said


class _Part:
    """One field, as far as a record needs to know it."""

    __slots__ = ("by_name", "compare", "default", "factory", "init", "name", "shown", "type")

    def __init__(self, name: str, kind: object, given: object, *, kw_only: bool) -> None:
        assert type(given).__module__ != "dataclasses", f"{name}: a record's `field` is that of this module"
        said = given.said if isinstance(given, _Given) else {"default": given}
        self.name, self.type = name, kind
        self.default = said.get("default", _MISSING)
        self.factory: Any = said.get("default_factory", _MISSING)
        self.init, self.shown, self.compare = (bool(said.get(what, True)) for what in ("init", "repr", "compare"))
        self.by_name = kw_only

    @property
    def is_optional(self) -> bool:
        """Whether there is a value where none is given."""
        return self.default is not _MISSING or self.factory is not _MISSING

    def value(self) -> object:
        """Return the value where none is given."""
        return self.default if self.factory is _MISSING else self.factory()


if not TYPE_CHECKING:

    def field(**said: object) -> _Given:
        """Say more of a field than its type: `default`, `default_factory`, `init`, `repr`, `compare`."""
        return _Given(**said)


@overload
def record(cls: type[T], /) -> type[T]: ...
@overload
def record(
    *, kw_only: bool = False, order: bool = False, slots: bool = True, frozen: bool = True
) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(
    cls: type[T] | None = None,
    /,
    *,
    kw_only: bool = False,
    order: bool = False,
    slots: bool = True,
    frozen: bool = True,
) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a class a frozen dataclass: equal to those of equal fields, hashable, and never changed.

    With `order` it is less than another by its first field that differs. Without `slots` it can cache properties. One
    that is not `frozen` can be changed, and is not hashable.
    """
    if cls is None:
        return lambda each: _made(each, kw_only=kw_only, order=order, slots=slots, frozen=frozen)
    return _made(cls, kw_only=kw_only, order=order, slots=slots, frozen=frozen)


def _made(cls: type[T], *, kw_only: bool, order: bool, slots: bool, frozen: bool) -> type[T]:
    assert not any(hasattr(base, "__dataclass_fields__") for base in cls.__bases__), "no record is derived from another"
    own = dict(vars(cls))
    kinds = annotations_in(own)
    parts = tuple(_Part(name, kind, own.get(name, _MISSING), kw_only=kw_only) for name, kind in kinds.items())
    key = _key([part.name for part in parts if part.compare])
    more: dict[str, object] = {
        **_methods(parts, key),
        **(_ordering(key) if order else {}),
        **({} if frozen else {"__hash__": None, "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}),
        "__match_args__": tuple(part.name for part in parts if part.init and not part.by_name),
        "__record_parts__": parts,
        "__dataclass_fields__": _Fields(
            cls.__name__, kinds, {name: own[name] for name in kinds if name in own}, kw_only=kw_only
        ),
    }
    ours = {name: value for name, value in more.items() if name not in own}
    if slots:
        kept = {name: value for name, value in own.items() if name not in kinds and name not in _OF_NO_USE}
        body = {**kept, **ours, "__slots__": tuple(kinds)}
        return type(cls)(cls.__name__, cls.__bases__, body)  # type: ignore[misc, no-any-return]  # its metaclass
    for part in parts:  # a default stays, for `Record.field`; what describes a field does not
        if isinstance(own.get(part.name), _Given):
            delattr(cls, part.name)
    for name, value in ours.items():
        setattr(cls, name, value)
    return cls


def field_names(kind: type[object]) -> tuple[str, ...]:
    """Return the names of a record's fields."""
    return tuple(part.name for part in _parts_of(kind))


if not TYPE_CHECKING:

    def replace(whole: T, /, **changes: object) -> T:
        """Return another record, with these values in place of its own."""
        kept = {
            part.name: getattr(whole, part.name)
            for part in _parts_of(type(whole))
            if part.init and part.name not in changes
        }
        return type(whole)(**kept, **changes)


def _parts_of(kind: type[object]) -> tuple[_Part, ...]:
    parts: tuple[_Part, ...] = getattr(kind, "__record_parts__")  # noqa: B009  no type checker knows of it
    return parts


class _Fields:
    """What `dataclasses.fields` and `replace` ask for, made when they do: no record on the way of `get` is asked."""

    def __init__(self, name: str, kinds: Mapping[str, object], given: Mapping[str, object], *, kw_only: bool) -> None:
        self._made: dict[str, Field[object]] | None = None
        self._name = name
        self._kinds = kinds
        self._given = given
        self._kw_only = kw_only

    def __get__(self, _: object, __: type[object] | None = None) -> dict[str, Field[object]]:
        if self._made is None:
            import dataclasses  # noqa: PLC0415  see above

            given = {
                name: dataclasses.field(**value.said) if isinstance(value, _Given) else value  # type: ignore[call-overload]
                for name, value in self._given.items()
            }
            twin = type(self._name, (), {"__doc__": "", "__annotations__": dict(self._kinds), **given})
            decorate = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=self._kw_only, match_args=False)
            self._made = {each.name: each for each in dataclasses.fields(decorate(twin))}
        return self._made


def _key(names: list[str]) -> Key:
    """Return what gives the values that count when two are compared."""
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda self: (getattr(self, names[0]),)) if names else lambda _: ()


def _methods(parts: tuple[_Part, ...], key: Key) -> dict[str, Method]:
    def same(self: object, other: object) -> object:
        return key(self) == key(other) if self.__class__ is other.__class__ else NotImplemented

    def text(self: object) -> str:
        values = ", ".join(f"{part.name}={getattr(self, part.name)!r}" for part in parts if part.shown)
        return f"{self.__class__.__qualname__}({values})"

    def state(self: object) -> list[object]:
        return [getattr(self, part.name) for part in parts]

    def restore(self: object, values: list[object]) -> None:
        for part, value in zip(parts, values, strict=True):
            object.__setattr__(self, part.name, value)

    return {
        "__init__": _first_init(parts),
        "__eq__": same,
        "__hash__": lambda self: hash(key(self)),
        "__repr__": text,
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__getstate__": state,
        "__setstate__": restore,
    }


def _ordering(key: Key) -> dict[str, Method]:
    def compared(by: Method) -> Method:
        return lambda self, other: by(key(self), key(other)) if self.__class__ is other.__class__ else NotImplemented

    return {"__lt__": compared(lt), "__le__": compared(le), "__gt__": compared(gt), "__ge__": compared(ge)}


def _first_init(parts: tuple[_Part, ...]) -> Callable[..., None]:
    """Return the `__init__` of the first few: it works through the fields, and lets the compiled one take its place."""
    taken = tuple(part for part in parts if part.init)
    by_place = tuple(part.name for part in taken if not part.by_name)
    needed = frozenset(part.name for part in taken if not part.is_optional)
    known = frozenset(part.name for part in taken)
    made = 0

    def init(self: object, *args: object, **kwargs: object) -> None:
        nonlocal made
        made += 1
        given = dict(zip(by_place, args, strict=False))
        fits = len(args) <= len(by_place) and known >= kwargs.keys() and given.keys().isdisjoint(kwargs)
        given.update(kwargs)
        if made > OFTEN or not fits or not needed <= given.keys():  # the compiled one says what does not fit
            cls = _owner(type(self), parts)
            compiled = _init(cls, taken)
            setattr(cls, "__init__", compiled)  # noqa: B010  to mypy an assignment is a mistake
            compiled(self, *args, **kwargs)
            return
        for part in taken:
            name = part.name
            object.__setattr__(self, name, given[name] if name in given else part.value())
        after = getattr(self, "__post_init__", None)
        if after is not None:
            after()

    return init


def _owner(cls: type[object], parts: tuple[_Part, ...]) -> type[object]:
    """Return the record among a class and those that it is derived from.

    Not by its `__init__`: another thread may have put the compiled one into its place by now.
    """
    return next(each for each in cls.__mro__ if vars(each).get("__record_parts__") is parts)


def _init(cls: type[object], parts: tuple[_Part, ...]) -> Callable[..., None]:
    """Return the method that fills the slots of a new one.

    It is compiled: one that worked through the fields would be ten times slower, and a table of sockets has thousands.
    """
    names: dict[str, object] = {"unset": _UNSET}
    positional, by_name, body = ["self"], list[str](), list[str]()
    for part in parts:
        name = part.name
        fill = getattr(vars(cls).get(name), "__set__", None)  # to fill a slot is faster than object.__setattr__
        names[f"set_{name}"] = fill or partial(_set, name)
        argument, value = name, name
        if part.factory is not _MISSING:
            names[f"make_{name}"] = part.factory
            argument, value = f"{name}=unset", f"make_{name}() if {name} is unset else {name}"
        elif part.default is not _MISSING:
            names[f"default_{name}"] = part.default
            argument = f"{name}=default_{name}"
        (by_name if part.by_name else positional).append(argument)
        body.append(f" set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    arguments = ", ".join([*positional, *(["*", *by_name] if by_name else [])])
    exec("\n".join([f"def __init__({arguments}):", *(body or [" pass"])]), names)  # noqa: S102  names of our own fields
    made = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"  # type: ignore[attr-defined]
    made.__annotations__ = {part.name: part.type for part in parts} | {"return": None}
    return made  # type: ignore[return-value]


def _set(name: str, self: object, value: object) -> None:
    object.__setattr__(self, name, value)


def _refuse_to_set(_: object, name: str, __: object) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415  see above

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: object, name: str) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415  see above

    raise FrozenInstanceError(f"cannot delete field {name!r}")
