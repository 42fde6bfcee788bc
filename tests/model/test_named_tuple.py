"""A named tuple of ours is one of `typing` in all that can be seen of it."""

import copy
import pickle
from collections.abc import Callable
from typing import NamedTuple as StandardTuple

import pytest

from portdash.named_tuple import OFTEN, NamedTuple


class Point(NamedTuple):
    x: int
    y: int = 0

    @property
    def length(self) -> int:
        return self.x + self.y


class Standard(StandardTuple):
    x: int
    y: int = 0


class Labelled(Point):
    def label(self) -> str:
        return f"{self.x}/{self.y}"


class Nothing(NamedTuple):
    pass


BOTH = pytest.mark.parametrize("kind", [Point, Standard])


@BOTH
@pytest.mark.parametrize("rounds", [1, 3 * OFTEN])
def test_it_is_filled_by_place_and_by_name(kind: type[Point], rounds: int):
    for _ in range(rounds):
        made = [kind(1), kind(1, 2), kind(x=1), kind(y=2, x=1), kind(1, y=2)]
        assert made == [(1, 0), (1, 2), (1, 0), (1, 2), (1, 2)]


@BOTH
@pytest.mark.parametrize(
    "make",
    [
        lambda kind: kind(), lambda kind: kind(y=1), lambda kind: kind(1, 2, 3), lambda kind: kind(1, x=1),
        lambda kind: kind(1, z=2), lambda kind: kind(1, 2, y=2), lambda kind: kind._make([1]),
        lambda kind: kind._make([1, 2, 3]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(kind: type[Point], make: Callable[[type[Point]], object]):
    with pytest.raises(TypeError):
        make(kind)
    assert kind(1, 2) == (1, 2)


@BOTH
def test_what_is_asked_of_the_class(kind: type[Point]):
    assert (kind._fields, kind._field_defaults, kind.__match_args__) == (("x", "y"), {"y": 0}, ("x", "y"))
    assert kind._make([1, 2]) == kind(1, 2)


@BOTH
def test_what_is_asked_of_one(kind: type[Point]):
    point = kind(1, 2)
    assert isinstance(point, tuple)
    assert (point.x, point.y, point[1], len(point), hash(point)) == (1, 2, 2, 2, hash((1, 2)))
    assert (point._replace(y=3), point._asdict()) == ((1, 3), {"x": 1, "y": 2})
    assert type(point._replace(y=3)) is kind
    assert repr(point) == f"{kind.__name__}(x=1, y=2)"
    assert point < kind(1, 3)
    with pytest.raises(ValueError, match="z"):
        point._replace(z=3)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        point.x = 2  # type: ignore[misc]
    assert not hasattr(point, "__dict__")


@BOTH
def test_it_is_copied_and_pickled(kind: type[Point]):
    point = kind(1, 2)
    for again in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))):  # noqa: S301  our own bytes
        assert (again, type(again)) == (point, kind)


def test_it_may_have_methods_and_be_derived_from():
    assert Point(1, 2).length == 3
    for number in range(3 * OFTEN):
        assert (Labelled(number).label(), type(Labelled(number))) == (f"{number}/0", Labelled)
        assert type(Point(number)) is Point


def test_it_may_have_no_fields():
    assert Nothing() == ()


def test_a_pattern_takes_it_apart():
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)
