import asyncio
from pathlib import Path

import pytest

from portdash.demo.screenshots import SHOTS, Shot, draw, lines_of, png_of

DIRECTORY = Path(__file__).parents[2] / "screenshots"
HOW = "make them anew: python -m portdash.demo.screenshots"


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    """Every picture, drawn once."""
    return {shot.name: asyncio.run(draw(shot)) for shot in SHOTS}


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_the_picture_says_what_the_demo_says_now(shot: Shot, drawn: dict[str, str]):
    committed = (DIRECTORY / f"{shot.name}.svg").read_text(encoding="utf-8")
    assert lines_of(committed) == lines_of(drawn[shot.name]), HOW


def test_there_are_no_other_pictures():
    names = {path.name for path in DIRECTORY.iterdir()}
    assert names == {f"{shot.name}.{kind}" for shot in SHOTS for kind in ("svg", "png")}, HOW


def test_they_are_drawn_the_same_each_time(drawn: dict[str, str]):
    assert asyncio.run(draw(SHOTS[0])) == drawn[SHOTS[0].name]


def test_they_load_nothing_from_elsewhere(drawn: dict[str, str]):
    for svg in drawn.values():
        assert "url(http" not in svg.replace(" ", "").replace('"', "")
        assert "@font-face" not in svg


def test_a_png_is_a_png(drawn: dict[str, str]):
    pytest.importorskip("resvg_py")
    assert png_of(drawn["main-80x24"]).startswith(b"\x89PNG\r\n")


def test_lines_are_read_from_top_to_bottom():
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg">'
        '<text y="44">below</text><text y="20">a\xa0\xa0b</text><text y="20">c</text><text y="30">\xa0</text></svg>'
    )
    assert lines_of(svg) == ["a b c", "below"]
