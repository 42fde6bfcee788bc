"""Each drawing of the dashboard is as it is kept beside this file: in Unicode, in ASCII, and without colours."""

import pytest
from drawings import DIRECTORY, NO_COLOR, TOURS, Tour, draw

HOW = "if it is meant, write them anew and read the diff: python tests/dashboard/snapshots/drawings.py"

DAILY = {"160x45", "80x24", "first-run-80x24", "ascii-80x24", "no-color-80x24"}
"""Tours of every run of the tests; the others cost as much again, and go with the fault ring."""


def kept(name: str) -> str:
    return (DIRECTORY / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "tour",
    [pytest.param(tour, marks=() if tour.name in DAILY else pytest.mark.faults, id=tour.name) for tour in TOURS],
)
async def test_the_screens_are_as_kept(tour: Tour):
    drawn = await draw(tour)
    for name, text in drawn.items():
        assert text.splitlines() == kept(name).splitlines(), f"{name}: {HOW}"


def test_no_others_are_kept():
    assert {path.stem for path in DIRECTORY.glob("*.txt")} == {name for tour in TOURS for name in tour.names}, HOW


def test_ascii_is_all_that_is_drawn_where_nothing_else_can_be():
    for tour in TOURS:
        if tour.is_ascii:
            for name in tour.names:
                assert kept(name).isascii(), (name, {sign for sign in kept(name) if not sign.isascii()})


def test_nothing_is_said_by_colour_alone():
    for tour in TOURS:
        if tour.theme == NO_COLOR:
            for name in tour.names:
                assert kept(name) == kept(name.removeprefix("no-color-")), name


def test_no_line_is_wider_than_the_screen_and_none_is_missing():
    for tour in TOURS:
        columns, lines = tour.size
        for name in tour.names:
            text = kept(name).splitlines()
            assert len(text) == lines, name
            assert max(map(len, text)) <= columns, name
