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
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, TypeVar, dataclass_transform, overload

from portdash.annotated import annotations_in
from portdash.record_plan import MISSING, Given, Key, Plan

if TYPE_CHECKING:
    from dataclasses import Field
    from dataclasses import field as field  # noqa: PLC0414  a type checker knows what each may be given
    from dataclasses import replace as replace  # noqa: PLC0414  as well

T = TypeVar("T")
Method = Callable[..., object]

OFTEN = 24
"""How many of a kind are made before its `__init__` is compiled, which costs as much as to make two dozen without."""

_UNSET = object()
"""Stands for a value that a factory makes."""
_OF_NO_USE = ("__dict__", "__weakref__")
"""What a class without slots has for its instances."""


class _Fields:
    """What `dataclasses.fields` and `replace` ask for, made when they do: no record on the way of `get` is asked."""

    def __get__(self, _: object, kind: type[object]) -> dict[str, Field[object]]:
        return _plan_of(kind).fields


if not TYPE_CHECKING:

    def field(**said: object) -> Given:
        """Say more of a field than its type: `default`, `default_factory`, `init`, `repr`, `compare`."""
        return Given(**said)


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
    given = {name: own[name] for name in kinds if name in own}
    wrong = next((name for name, value in given.items() if type(value).__module__ == "dataclasses"), None)
    assert wrong is None, f"{wrong}: a record's `field` is that of this module"
    plan = Plan(kinds, given, kw_only=kw_only)
    more: dict[str, object] = {
        **_METHODS,
        **(_ordering(plan.key) if order else {}),
        **({} if frozen else _CHANGES),
        "__match_args__": () if kw_only else tuple(name for name in kinds if _is_taken(given.get(name))),
        "__record_plan__": plan,
    }
    ours = {name: value for name, value in more.items() if name not in own}
    if slots:
        kept = {name: value for name, value in own.items() if name not in kinds and name not in _OF_NO_USE}
        body = {**kept, **ours, "__slots__": tuple(kinds)}
        return type(cls)(cls.__name__, cls.__bases__, body)  # type: ignore[misc, no-any-return]  # its metaclass
    for name, value in given.items():  # a default stays, for `Record.field`; what describes a field does not
        if isinstance(value, Given):
            delattr(cls, name)
    for name, value in ours.items():
        setattr(cls, name, value)
    return cls


def field_names(kind: type[object]) -> tuple[str, ...]:
    """Return the names of a record's fields."""
    return tuple(_plan_of(kind).kinds)


if not TYPE_CHECKING:

    def replace(whole: T, /, **changes: object) -> T:
        """Return another record, with these values in place of its own."""
        kept = {
            part.name: getattr(whole, part.name)
            for part in _plan_of(type(whole)).parts
            if part.init and part.name not in changes
        }
        return type(whole)(**kept, **changes)


def _plan_of(kind: type[object]) -> Plan:
    plan: Plan = getattr(kind, "__record_plan__")  # noqa: B009  no type checker knows of it
    return plan


def _is_taken(given: object) -> bool:
    """Say whether `__init__` takes a field, by what the body of the class says of it."""
    return not isinstance(given, Given) or given.said.get("init") is not False


def _text(self: object) -> str:
    values = ", ".join(f"{part.name}={getattr(self, part.name)!r}" for part in _plan_of(type(self)).parts if part.shown)
    return f"{self.__class__.__qualname__}({values})"


def _state(self: object) -> list[object]:
    return [getattr(self, name) for name in _plan_of(type(self)).kinds]


def _restore(self: object, values: list[object]) -> None:
    for name, value in zip(_plan_of(type(self)).kinds, values, strict=True):
        object.__setattr__(self, name, value)


def _first_same(self: object, other: object) -> object:
    key = _with_key(type(self))
    return key(self) == key(other) if self.__class__ is other.__class__ else NotImplemented


def _first_hash(self: object) -> int:
    return hash(_with_key(type(self))(self))


def _with_key(kind: type[object]) -> Key:
    """Let a record be compared and hashed by the key that is known from now on; return it."""
    plan = _plan_of(kind)
    key = plan.key

    def same(self: object, other: object) -> object:
        return key(self) == key(other) if self.__class__ is other.__class__ else NotImplemented

    owner = _owner(kind, plan)
    for name, first, then in (
        ("__eq__", _first_same, same),
        ("__hash__", _first_hash, lambda self: hash(key(self))),
    ):
        if vars(owner).get(name) is first:
            setattr(owner, name, then)
    return key


def _ordering(key: Key) -> dict[str, Method]:
    def compared(by: Method) -> Method:
        return lambda self, other: by(key(self), key(other)) if self.__class__ is other.__class__ else NotImplemented

    return {"__lt__": compared(lt), "__le__": compared(le), "__gt__": compared(gt), "__ge__": compared(ge)}


def _first_init(self: object, /, *args: object, **kwargs: object) -> None:
    """Fill one of the first few field by field; then let a compiled `__init__` take this one's place."""
    plan = _plan_of(type(self))
    plan.made += 1
    by_place = plan.prepare() if plan.by_place is None else plan.by_place
    values = plan.defaults.copy()
    values.update(zip(by_place, args, strict=False))
    values.update(kwargs)
    for name, make in plan.factories.items():
        if values[name] is MISSING:
            values[name] = make()
    fits = len(args) <= len(by_place) and len(values) == len(plan.defaults)
    fits = fits and not any(values[name] is MISSING for name in plan.needed)
    if plan.made > OFTEN or not fits or not kwargs.keys().isdisjoint(by_place[: len(args)]):
        owner = _owner(type(self), plan)
        compiled = _init(owner, plan)
        setattr(owner, "__init__", compiled)  # noqa: B010  to mypy an assignment is a mistake
        compiled(self, *args, **kwargs)  # it says what does not fit
        return
    fill = object.__setattr__
    for name, value in values.items():
        fill(self, name, value)
    after = getattr(self, "__post_init__", None)
    if after is not None:
        after()


def _owner(cls: type[object], plan: Plan) -> type[object]:
    """Return the record among a class and those that it is derived from.

    Not by its `__init__`: another thread may have put the compiled one into its place by now.
    """
    return next(each for each in cls.__mro__ if vars(each).get("__record_plan__") is plan)


def _init(cls: type[object], plan: Plan) -> Callable[..., None]:
    """Return the method that fills the slots of a new one.

    It is compiled: one that worked through the fields would be ten times slower, and a table of sockets has thousands.
    """
    taken = [part for part in plan.parts if part.init]
    names: dict[str, object] = {"unset": _UNSET}
    positional, by_name, body = ["self"], list[str](), list[str]()
    for part in taken:
        name = part.name
        fill = getattr(vars(cls).get(name), "__set__", None)  # to fill a slot is faster than object.__setattr__
        names[f"set_{name}"] = fill or partial(_set, name)
        argument, value = name, name
        if part.factory is not MISSING:
            names[f"make_{name}"] = part.factory
            argument, value = f"{name}=unset", f"make_{name}() if {name} is unset else {name}"
        elif part.default is not MISSING:
            names[f"default_{name}"] = part.default
            argument = f"{name}=default_{name}"
        (by_name if plan.kw_only else positional).append(argument)
        body.append(f" set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    arguments = ", ".join([*positional, *(["*", *by_name] if by_name else [])])
    exec("\n".join([f"def __init__({arguments}):", *(body or [" pass"])]), names)  # noqa: S102  names of our own fields
    made = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"  # type: ignore[attr-defined]
    made.__annotations__ = {part.name: part.type for part in taken} | {"return": None}
    return made  # type: ignore[return-value]


def _set(name: str, self: object, value: object) -> None:
    object.__setattr__(self, name, value)


def _refuse_to_set(_: object, name: str, __: object) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415  see above

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: object, name: str) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415  see above

    raise FrozenInstanceError(f"cannot delete field {name!r}")


_METHODS: Mapping[str, object] = {
    "__init__": _first_init,
    "__eq__": _first_same,
    "__hash__": _first_hash,
    "__repr__": _text,
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _state,
    "__setstate__": _restore,
    "__dataclass_fields__": _Fields(),
}
"""The same for all records, until one knows more of itself."""
_CHANGES: Mapping[str, object] = {
    "__hash__": None,
    "__setattr__": object.__setattr__,
    "__delattr__": object.__delattr__,
}
"""Of those that are not frozen."""
