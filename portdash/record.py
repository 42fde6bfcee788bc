"""Frozen dataclasses that cost little to define.

A command that prints one number defines some sixty of them, and defining them was half of what it cost: the standard
decorator compiles six methods for each. A record compiles one, its `__init__`, and only once the first of its kind is
made; the others are the same for all. The rest is as in `dataclasses`: `field`, `replace`, `fields`, `__post_init__`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from functools import partial
from operator import attrgetter, ge, gt, le, lt
from typing import TYPE_CHECKING, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from dataclasses import Field

T = TypeVar("T")
Key = Callable[[object], tuple[object, ...]]

_UNSET = object()
"""Stands for a value that a factory makes."""


@overload
def record(cls: type[T], /) -> type[T]: ...
@overload
def record(*, kw_only: bool = False, order: bool = False, slots: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def record(
    cls: type[T] | None = None, /, *, kw_only: bool = False, order: bool = False, slots: bool = True
) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a class a frozen dataclass: equal to those of equal fields, hashable, and never changed.

    With `order` it is less than another by its first field that differs. Without `slots` it can cache properties.
    """
    if cls is None:
        return lambda each: _made(each, kw_only=kw_only, order=order, slots=slots)
    return _made(cls, kw_only=kw_only, order=order, slots=slots)


def _made(cls: type[T], *, kw_only: bool, order: bool, slots: bool) -> type[T]:
    own = frozenset(vars(cls))
    made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
    parts = dataclasses.fields(made)  # type: ignore[arg-type]  # it has just become one
    key = _key([part.name for part in parts if part.compare])
    for name, method in (_methods(made, parts, key) | (_ordering(key) if order else {})).items():
        if name not in own:
            setattr(made, name, method)
    return made


def _key(names: list[str]) -> Key:
    """Return what gives the values that count when two are compared."""
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda self: (getattr(self, names[0]),)) if names else lambda _: ()


def _methods(cls: type[object], parts: tuple[Field[object], ...], key: Key) -> dict[str, Callable[..., object]]:
    shown = tuple(part.name for part in parts if part.repr)

    def same(self: object, other: object) -> object:
        return key(self) == key(other) if self.__class__ is other.__class__ else NotImplemented

    def text(self: object) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({values})"

    def state(self: object) -> list[object]:
        return [getattr(self, part.name) for part in parts]

    def restore(self: object, values: list[object]) -> None:
        for part, value in zip(parts, values, strict=True):
            object.__setattr__(self, part.name, value)

    def init(self: object, *args: object, **kwargs: object) -> None:
        compiled = _init(cls, parts)
        setattr(cls, "__init__", compiled)  # noqa: B010  to mypy an assignment is a mistake
        compiled(self, *args, **kwargs)

    return {
        "__init__": init,
        "__eq__": same,
        "__hash__": lambda self: hash(key(self)),
        "__repr__": text,
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__getstate__": state,
        "__setstate__": restore,
    }


def _ordering(key: Key) -> dict[str, Callable[..., object]]:
    def compared(by: Callable[..., object]) -> Callable[..., object]:
        return lambda self, other: by(key(self), key(other)) if self.__class__ is other.__class__ else NotImplemented

    return {"__lt__": compared(lt), "__le__": compared(le), "__gt__": compared(gt), "__ge__": compared(ge)}


def _init(cls: type[object], parts: tuple[Field[object], ...]) -> Callable[..., None]:
    """Return the method that fills the slots of a new one.

    It is compiled: one that worked through the fields would be ten times slower, and a table of sockets has thousands.
    """
    names: dict[str, object] = {"unset": _UNSET}
    positional, by_name, body = ["self"], list[str](), list[str]()
    for part in parts:
        name = part.name
        if not part.init:
            continue  # `__post_init__` fills it, by object.__setattr__
        fill = getattr(vars(cls).get(name), "__set__", None)  # to fill a slot is faster than object.__setattr__
        names[f"set_{name}"] = fill or partial(_set, name)
        argument, value = name, name
        if part.default_factory is not dataclasses.MISSING:
            names[f"make_{name}"] = part.default_factory
            argument, value = f"{name}=unset", f"make_{name}() if {name} is unset else {name}"
        elif part.default is not dataclasses.MISSING:
            names[f"default_{name}"] = part.default
            argument = f"{name}=default_{name}"
        (by_name if part.kw_only else positional).append(argument)
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
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")
