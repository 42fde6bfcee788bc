"""A record is a frozen dataclass in all that can be seen of it."""

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from functools import cached_property

import pytest

from portdash import record as ours
from portdash.record import OFTEN, field, field_names, record


@record
class Point:
    x: int
    y: int = 0
    label: str = field(default="", compare=False)


@record(kw_only=True)
class Named:
    name: str
    tags: list[str] = field(default_factory=list)
    hidden: str = field(default="", repr=False)


@record(order=True)
class Version:
    major: int
    minor: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Model:
    major: int
    minor: int = 0


@record
class Checked:
    port: int

    def __post_init__(self) -> None:
        if self.port < 1:
            raise ValueError(self.port)


@record
class Derived:
    text: str
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", len(self.text))


@record(frozen=False)
class Count:
    name: str
    number: int = 0
    seen: list[int] = field(default_factory=list)


@record
class Nothing:
    pass


@record(slots=False)
class Cached:
    base: int

    @cached_property
    def double(self) -> int:
        return self.base * 2


def test_it_is_filled_by_place_and_by_name():
    assert (Point(1).x, Point(1).y, Point(y=2, x=1).y, Point(1, 2, "a").label) == (1, 0, 2, "a")


@pytest.mark.parametrize("make", [Point, lambda: Point(1, 2, "", 4), lambda: Point(1, z=2), lambda: Named("a")])
def test_what_does_not_fit_is_refused_as_for_any_function(make: Callable[[], object]):
    with pytest.raises(TypeError):
        make()


def test_equal_fields_make_equal_records_but_for_those_that_do_not_count():
    assert Point(1, 2, "a") == Point(1, 2, "b")
    assert hash(Point(1, 2, "a")) == hash(Point(1, 2, "b"))
    assert Point(1, 2) != Point(2, 1)
    assert Point(1) != Version(1)
    assert Nothing() == Nothing()


def test_nothing_of_it_can_be_changed():
    point = Point(1)
    with pytest.raises(FrozenInstanceError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del point.x
    with pytest.raises((FrozenInstanceError, AttributeError)):
        point.other = 2  # type: ignore[attr-defined]
    assert not hasattr(point, "__dict__")


def test_every_one_has_a_list_of_its_own():
    Named(name="a").tags.append("x")
    assert Named(name="b").tags == []


def test_it_shows_what_may_be_shown():
    assert repr(Named(name="a", hidden="s")) == "Named(name='a', tags=[])"


def test_the_functions_of_dataclasses_work_on_it():
    assert replace(Point(1, 2, "a"), y=3) == Point(1, 3)
    assert replace(Point(1, 2, "a"), y=3).label == "a"
    assert [each.name for each in fields(Point(1))] == ["x", "y", "label"]
    assert Point.__match_args__ == ("x", "y", "label")


@pytest.mark.parametrize("change", [replace, ours.replace])
def test_another_with_some_values_changed(change: Callable[..., Point]):
    whole = Point(1, 2, "a")
    other = change(whole, y=3)
    assert (other, other.label, whole.y) == (Point(1, 3), "a", 2)
    with pytest.raises(TypeError):
        change(whole, z=3)


def test_its_fields_by_name():
    assert field_names(Named) == ("name", "tags", "hidden")


def test_it_is_copied_and_pickled_whole():
    whole = Point(1, 2, "a")
    for again in (copy.copy(whole), copy.deepcopy(whole), pickle.loads(pickle.dumps(whole))):  # noqa: S301  our own bytes
        assert (again, again.label) == (whole, "a")


def test_the_check_after_filling_runs_the_first_time_and_every_time():
    for _ in range(2):
        with pytest.raises(ValueError, match="0"):
            Checked(0)
    assert Checked(1).port == 1


def test_one_made_often_is_as_the_first():
    named = [Named(name=str(number), tags=[number]) for number in range(3 * OFTEN)]
    assert [(each.name, each.tags, each.hidden) for each in named] == [(str(n), [n], "") for n in range(3 * OFTEN)]
    points = [Point(number, label="a") for number in range(3 * OFTEN)]
    assert [(each.x, each.y, each.label) for each in points] == [(n, 0, "a") for n in range(3 * OFTEN)]


def test_one_that_is_not_frozen_is_changed_and_not_hashed():
    count = Count("a")
    count.number += 2
    count.seen.append(1)
    assert (count, count == Count("a"), Count("b").seen) == (Count("a", 2, [1]), False, [])
    with pytest.raises(TypeError):
        hash(count)
    assert not hasattr(count, "__dict__")


def test_it_says_of_its_fields_what_a_dataclass_says():
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Model:
        name: str
        tags: list[str] = dataclasses.field(default_factory=list)
        hidden: str = dataclasses.field(default="", repr=False)

    told = ("name", "default", "default_factory", "init", "repr", "compare", "kw_only")
    assert [[getattr(each, what) for what in told] for each in fields(Named(name="a"))] == [
        [getattr(each, what) for what in told] for each in fields(Model(name="a"))
    ]


def test_a_field_of_the_standard_module_is_refused():
    with pytest.raises(AssertionError):

        @record
        class Foreign:
            x: int = dataclasses.field(default=0)


def test_the_standard_module_is_not_loaded_to_define_and_make_one():
    code = """
import sys
from portdash.record import field, record, replace
@record
class Point:
    x: int
    y: int = field(default=0, compare=False)
points = [replace(Point(number), y=1) for number in range(20)]
assert {hash(each) for each in points} and points[0] == Point(0) and repr(points[0])
print(*{"dataclasses", "inspect"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_none_is_derived_from_another():
    with pytest.raises(AssertionError):

        @record
        class More(Point):
            z: int = 0


def test_a_field_may_be_left_to_what_follows_filling():
    assert ours.replace(Derived("abc"), text="a").size == 1
    assert (Derived("abc").size, replace(Derived("abc"), text="a").size) == (3, 1)


@pytest.mark.parametrize("left", [(1, 2), (1, 3), (0, 9)])
@pytest.mark.parametrize("right", [(1, 2), (1, 3), (0, 9)])
def test_it_is_ordered_as_a_dataclass_is(left: tuple[int, int], right: tuple[int, int]):
    ours, theirs = (Version(*left), Version(*right)), (Model(*left), Model(*right))
    assert [ours[0] < ours[1], ours[0] <= ours[1], ours[0] > ours[1], ours[0] >= ours[1]] == [
        theirs[0] < theirs[1], theirs[0] <= theirs[1], theirs[0] > theirs[1], theirs[0] >= theirs[1],
    ]  # fmt: skip
    with pytest.raises(TypeError):
        assert ours[0] < theirs[0]


def test_without_slots_it_can_cache_what_it_worked_out():
    cached = Cached(2)
    assert (cached.double, cached.double, vars(cached)["double"]) == (4, 4, 4)
    with pytest.raises(FrozenInstanceError):
        cached.base = 3  # type: ignore[misc]


def test_who_began_to_make_one_before_another_thread_compiled_it_ends_well():
    @record
    class Late:
        x: int
        y: int = 2

    begun = vars(Late)["__init__"]
    for number in range(OFTEN + 1):
        Late(number)
    assert vars(Late)["__init__"] is not begun
    late = object.__new__(Late)
    begun(late, 7)
    assert late == Late(7)
