"""What the dashboard draws, screen by screen, as text beside this file: `python tests/dashboard/snapshots/drawings.py`.

Each tour opens one dashboard on the demo's machine and stops at several screens; the text of each is what the terminal
gets, cell by cell, without colours. Write the files anew after a change that is meant to be seen, and read the diff.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from textual.pilot import Pilot
from textual.widgets import Input

from portdash.dashboard.app import PortdashApp
from portdash.dashboard.glyphs import Glyphs
from portdash.dashboard.options import Options
from portdash.dashboard.screens import main_details
from portdash.dashboard.screens.dialog import Dialog
from portdash.dashboard.screens.patience import Patience
from portdash.dashboard.theme import DARK, theme_for
from portdash.demo.health import demo_desk
from portdash.demo.scene import demo_deps, first_run_deps
from portdash.demo.screenshots import as_the_demo_user
from portdash.manager.deps import Deps
from portdash.record import field, record

DIRECTORY = Path(__file__).parent
PATIENCE = 60.0
"""Seconds after which a screen that never comes to rest is given up."""
BACK = "escape"


@record
class Stop:
    """One screen: the keys that lead there from the stop before, and what must be seen on it."""

    name: str
    keys: tuple[str, ...]
    shows: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """Text put into the fields that these keys open, by id."""
    then: tuple[str, ...] = ()
    """Keys after that."""


@record(kw_only=True)
class Tour:
    """One dashboard, and the screens that are looked at in it."""

    name: str
    """Stands before the name of each stop."""
    size: tuple[int, int]
    """Columns and lines."""
    stops: tuple[Stop, ...]
    """The first is what it opens with."""
    is_ascii: bool = False
    theme: str = DARK.name
    deps: Callable[[], Deps] = demo_deps

    @property
    def names(self) -> list[str]:
        """Names of its drawings."""
        return [self.name_of(stop) for stop in self.stops if stop is not HOME]

    def name_of(self, stop: Stop) -> str:
        """Return the name of the drawing of a stop."""
        return f"{self.name}-{stop.name}"


MAIN = Stop("main", (), "squatted")
LISTENING = Stop("listening", ("2",), "PROCESS")
CONFLICTS = Stop("conflicts", ("3",), "misplaced")
RANGES = Stop("ranges", ("4",), "NAME")
HISTORY = Stop("history", ("5",), "preview")
HOME = Stop("home", ("1",), "squatted")
"""Back on the first view; the same as `main`, and so not kept."""
RESOLVE = Stop("resolve", ("c",), "1 minimal")
FREE = Stop("free", (BACK, "x"), "Type the port")
ALL = Stop("resolve-all", ("a",), "3 conflicts")
ALLOCATE = Stop("allocate", (BACK, "a"), "3005", {"service": "payments", "preferred": "3000, 3005"})
REPORT = Stop("report", (BACK, "R"), "masked")
HELP = Stop("help", (BACK, "question_mark"), "Help")
ADOPT_SEVERAL = Stop("adopt-several", (BACK, BACK, "G", "A"), "Adopt 1 of 4")
ADOPT = Stop("adopt", (BACK, "slash"), "Adopt 5175", {"filter": "5175"}, ("enter", "g", "j", "A"))
NOTHING = Stop("nothing-matches", (BACK, "slash"), "Nothing matches", {"filter": "zzz"}, ("enter",))
LEAVES = tuple(
    Stop(f"details-{leaf.casefold()}", keys, shows)
    for leaf, keys, shows in (
        ("Why", ("enter",), "[Why]"),
        ("Log", ("right_square_bracket",), "[Log]"),
        ("History", ("right_square_bracket",), "[History]"),
        ("Config", ("right_square_bracket",), "[Config]"),
    )
)
VIEWS = (MAIN, LISTENING, CONFLICTS, RANGES, HISTORY, HOME)
DIALOGS = (RESOLVE, FREE, ALLOCATE, REPORT, HELP, ADOPT_SEVERAL, ADOPT, NOTHING)
FIRST_RUN = (
    Stop("first-run", (), "WOULD BE"),
    Stop("adopt", ("A",), "Adopt 4 of 4"),
    Stop("no-trouble", (BACK, "exclamation_mark"), "No trouble"),
)
NO_COLOR = theme_for({"NO_COLOR": "1"}, DARK.name)
TOURS = (
    Tour(name="160x45", size=(160, 45), stops=(*VIEWS, RESOLVE, ALL, FREE, ALLOCATE, REPORT)),
    Tour(name="120x35", size=(120, 35), stops=(MAIN, RANGES, HISTORY)),
    Tour(name="80x24", size=(80, 24), stops=(*VIEWS, *DIALOGS)),
    Tour(name="80x40", size=(80, 40), stops=(MAIN, *LEAVES)),
    Tour(name="60x20", size=(60, 20), stops=(*VIEWS, RESOLVE, FREE)),
    Tour(name="40x15", size=(40, 15), stops=(*VIEWS, RESOLVE, FREE, ALLOCATE, REPORT, HELP)),
    Tour(name="first-run-80x24", size=(80, 24), stops=FIRST_RUN, deps=first_run_deps),
    Tour(name="ascii-160x45", size=(160, 45), stops=(MAIN, RESOLVE), is_ascii=True),
    Tour(name="ascii-80x24", size=(80, 24), stops=(MAIN, RANGES, HOME, *DIALOGS), is_ascii=True),
    Tour(name="ascii-60x20", size=(60, 20), stops=(MAIN,), is_ascii=True),
    Tour(name="no-color-80x24", size=(80, 24), stops=(MAIN, RESOLVE, FREE, ALLOCATE), theme=NO_COLOR),
)


async def draw(tour: Tour) -> dict[str, str]:
    """Return the text of each stop of a tour, by name. Raises TimeoutError where one does not come to show its text."""
    deps = tour.deps()
    options = Options(
        theme=tour.theme,
        glyphs=Glyphs(is_ascii=tour.is_ascii),
        typing_window=0,
        monotonic=lambda: 0.0,
        refresh=3600,
    )
    drawn = {}
    with (
        as_the_demo_user(),
        patch.object(main_details, "REST", 0.001),
        patch.object(Dialog, "patience", Patience(quiet=0.0, burst=0.0)),
        patch.object(Input, "cursor_blink", new=False),
        closing(deps),
    ):
        app = PortdashApp(demo_desk(deps), options=options)
        async with app.run_test(size=tour.size) as pilot:
            for stop in tour.stops:
                for key in stop.keys:
                    await pilot.press(key)
                for name, text in stop.fields.items():
                    app.screen.query_one(f"#{name}", Input).value = text
                for key in stop.then:
                    await pilot.press(key)
                drawn[tour.name_of(stop)] = await _at_rest(pilot, stop.shows)
    return {name: drawn[name] for name in tour.names}


async def _at_rest(pilot: Pilot[int], shows: str) -> str:
    """Wait until nothing is being worked out, three looks in a row are the same, and `shows` is seen."""
    before, same = "", 0
    try:
        async with asyncio.timeout(PATIENCE):
            while same < 3 or shows not in before:
                await pilot.app.workers.wait_for_complete()
                await pilot.pause()
                now = text_of(pilot)
                before, same = now, same + 1 if now == before else 1
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise TimeoutError(f"{shows!r} was never shown:\n{before}") from None
    return before


def text_of(pilot: Pilot[int]) -> str:
    """Return what stands on the screen, without the blanks at the ends of lines."""
    strips = pilot.app.screen._compositor.render_strips()
    lines = ("".join(segment.text for segment in strip if not segment.control).rstrip() for strip in strips)
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write every drawing anew, and take away those that are drawn no more."""
    drawn = {name: text for tour in TOURS for name, text in asyncio.run(draw(tour)).items()}
    for path in DIRECTORY.glob("*.txt"):
        path.unlink()
    for name, text in drawn.items():
        (DIRECTORY / f"{name}.txt").write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(drawn)} drawings in {DIRECTORY}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
