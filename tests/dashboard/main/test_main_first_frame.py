"""What is on the screen before Textual is loaded, and what is loaded by the time that something is on the screen."""

import re
import sys
from pathlib import Path
from textwrap import dedent

import pexpect
import pytest
import scenes
from fakes import SIZES, FakeDesk, desk_for, main_of, running, screen_lines, until

from portdash.dashboard.app import PortdashApp
from portdash.dashboard.first_frame import frame_lines
from portdash.dashboard.glyphs import Glyphs
from portdash.dashboard.options import Options
from portdash.dashboard.rows.view import View
from portdash.errors import StoreUnavailable
from portdash.model.snapshot import Snapshot

NUMBERS = re.compile(r"[1-5] (?=Services|Listening|Conflicts|Ranges|History)")
"""The keys of the views, which are not known before the configuration has been read."""
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class NothingSeen(FakeDesk):
    """A look takes longer than the test."""

    def look(self) -> Snapshot:
        self._never.wait(60)
        raise StoreUnavailable("nobody waits so long")


def in_terminal(code: str, home: Path) -> "pexpect.spawn[str]":
    """Run a program in a terminal of 120 by 30."""
    environ = {"HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    return pexpect.spawn(
        sys.executable, ["-c", dedent(code)], dimensions=(30, 120), timeout=60, env=environ, encoding="utf-8", cwd=home,
        use_poll=True,
    )  # fmt: skip


def loaded(code: str, home: Path) -> set[str]:
    """Return the names that a program writes between two braces."""
    child = in_terminal(code, home)
    child.expect(r"\{(.*)\}")
    assert child.match is not None
    names = str(child.match.group(1))
    child.close()
    return set(names.split())


@pytest.mark.parametrize("is_ascii", [False, True], ids=["unicode", "ascii"])
@pytest.mark.parametrize("size", [*SIZES, (100, 33), (30, 6), (300, 100)], ids=str)
async def test_the_first_frame_is_the_main_screen_that_knows_nothing(size: tuple[int, int], *, is_ascii: bool):
    glyphs = Glyphs(is_ascii=is_ascii)
    desk = NothingSeen(scenes.working_day(), home=scenes.HOME)
    app = PortdashApp(desk, options=Options(view=View.CONFLICTS, glyphs=glyphs))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        there = [re.sub(r"[─-] sort: worst first ([─-])", r"\1" * 21, line) for line in screen_lines(app)]
        there = [NUMBERS.sub("  ", line) for line in there]
        desk._never.set()
    here = [re.sub(r"\x1b\[[0-9]?m", "", line) for line in frame_lines(*size, View.CONFLICTS, glyphs)]
    here += [""] * (size[1] - len(here))
    assert [line.rstrip() for line in here[:-1]] == [line.rstrip() for line in there[:-1]]  # the last has the keys


def test_before_the_first_frame_nothing_of_textual_is_loaded(tmp_path: Path):
    names = loaded(
        """
        import os, sys
        from portdash.dashboard import first_frame
        def tell(stream, text):
            os.write(2, ("{" + " ".join(sys.modules) + "}").encode())
            os._exit(0)
        first_frame._write = tell
        from portdash.cli.guard import run
        run([])
        """,
        tmp_path,
    )
    assert "portdash.store.sqlite" in names  # so that all the errors there can be are said before
    faces = {"textual", "rich", "asyncio", "httpx", "msgspec", "psutil", "ssl", "click", "dataclasses", "inspect"}
    assert faces & names == set()
    assert {each for each in names if each.startswith("portdash.dashboard.screens.")} == {
        "portdash.dashboard.screens.arrangement"
    }


FOR_THE_TABLE = {
    f"portdash.dashboard.rows.{name}"
    for name in (
        "cells", "column_sets", "conflict_rows", "details", "drawing", "events", "facts", "filtering", "health_lines",
        "holders", "listing", "matching", "paint", "prose", "ranges", "seeing", "sockets", "sorting", "texts",
    )
}  # fmt: skip
PORTDASH_MODULES = 160
"""More are not loaded by the first frame; each is a third of a thousandth of a bare Textual app's start, or more."""


def test_the_first_frame_loads_nothing_that_only_a_table_a_look_or_what_is_rare_needs(tmp_path: Path):
    names = loaded(
        """
        import os, sys, threading
        from portdash.cli.commands.dashboard import _loading
        from portdash.later import RARE, RARE_NAMES, TLS
        def tell(self):
            late = {*TLS, *RARE, *RARE_NAMES}
            names = [name for name, each in sys.modules.items() if name not in late or type(each) is type(os)]
            threads = [f"thread:{each.name}" for each in threading.enumerate()]
            os.write(2, ("{" + " ".join([*names, *threads]) + "}").encode())
            os._exit(0)
        with _loading():
            from portdash.dashboard.app import PortdashApp
        PortdashApp.on_ready = tell
        from portdash.cli.guard import run
        run([])
        """,
        tmp_path,
    )
    assert "portdash.dashboard.widgets.service_table" in names
    assert {each for each in names if each in FOR_THE_TABLE} == set()
    unwanted = {
        "portdash.dashboard.offers", "portdash.dashboard.news", "portdash.report.starting",
        "portdash.manager.naming", "portdash.planning.assemble", "portdash.planning.frameworks",
        "portdash.machine.describing", "portdash.machine.processes", "portdash.machine.origins",
        "portdash.health.pulse", "portdash.report.serialise",
        "platformdirs", "uuid", "platform", "difflib", "tempfile", "shutil", "locale", "mimetypes", "ssl",
        "rich.table", "textual.types", "textual.widgets._select", "textual.widgets._tree",
    }  # fmt: skip
    assert unwanted & names == set()
    assert "thread:portdash-poller" not in names  # a look beside the first frame would hold it up
    assert len([each for each in names if each.startswith("portdash")]) <= PORTDASH_MODULES


async def test_a_filter_can_be_typed_before_anything_is_known():
    desk = NothingSeen(scenes.working_day(), home=scenes.HOME)
    app = PortdashApp(desk, options=Options(typing_window=0))
    async with app.run_test(size=(100, 30)) as pilot:
        main = main_of(app)
        assert main.filter_line is None
        await pilot.press("slash", "w", "e", "b")
        assert main.outlook.filter_text == "web"
        assert "/web" in screen_lines(app)[-2]
        desk._never.set()


async def test_the_filter_line_is_there_soon_after_the_first_table():
    async with running(desk_for()) as (pilot, main):
        await until(pilot, lambda: main.filter_line is not None and main.filter_line.is_attached)
        assert main.filter_line is not None
        assert not main.filter_line.display
        assert not main.is_filtering


def test_before_the_first_table_nothing_is_loaded_that_acts_or_asks(tmp_path: Path):
    names = loaded(
        """
        import os, sys
        from portdash.dashboard.desk import Desk
        from portdash.dashboard.screens.main import MainScreen
        from portdash.machine.containers.addresses import find_addresses
        find_addresses.__kwdefaults__["system"] = ()  # an engine of this machine would be asked, and understood
        def tell(self, before, after):
            os.write(2, ("{" + " ".join(sys.modules) + "}").encode())
            os._exit(0)
        Desk.attend = lambda self, snapshot: None  # of another thread: it may come before or after
        MainScreen.world_seen = tell
        from portdash.cli.guard import run
        run([])
        """,
        tmp_path,
    )
    assert "portdash.dashboard.screens.main" in names
    # Not tomllib: a server that runs here may be of a project that says its name in a file.
    assert {"httpx", "msgspec", "psutil", "sqlite3.dump", "redis", "jinja2", "_hashlib"} & names == set()
    unwanted = ("portdash.supervisor", "portdash.exports", "portdash.api", "portdash.discovery", "portdash.demo")
    assert [each for each in names if each.startswith(unwanted)] == []
    assert {each for each in names if each.startswith("portdash.health.")} <= {
        "portdash.health.pulse",
        "portdash.health.rounds",
    }
    dialogs = {f"portdash.dashboard.screens.{name}" for name in ("dialog", "help", "menu", "report", "resolve", "free")}
    acts = {f"portdash.manager.{name}" for name in ("plans", "apply", "adopting", "freeing", "requests")}
    assert not (dialogs | acts | {"portdash.dashboard.palette", "portdash.dashboard.log_tail"}) & names


@pytest.mark.needs_linux
def test_openssl_is_no_part_of_a_dashboard_that_encrypts_nothing(tmp_path: Path):
    child = in_terminal("from portdash.cli.guard import run; run([])", tmp_path)
    child.expect("PROCESS")
    mapped = Path(f"/proc/{child.pid}/maps").read_text()
    child.close()
    assert "/_asyncio." in mapped
    assert "/_sqlite3." in mapped
    assert "/_ssl." not in mapped
    assert "/_hashlib." not in mapped


SHOWN = """
    import os, signal
    from portdash.dashboard.first_frame import first_frame
    from portdash.dashboard.glyphs import Glyphs
    from portdash.dashboard.rows.view import View
    with first_frame(View.SERVICES, Glyphs()) as begin:
        {}
"""


@pytest.mark.parametrize(
    ("inside", "code"),
    [("pass", 0), ("raise SystemExit(2)", 2), ("os.kill(os.getpid(), signal.SIGTERM); signal.pause()", 143)],
    ids=["nothing came of it", "error", "told to end"],
)
def test_a_frame_that_nothing_follows_is_taken_away(inside: str, code: int, tmp_path: Path):
    child = in_terminal(SHOWN.format(inside), tmp_path)
    said = str(child.read())
    child.close()
    assert child.exitstatus == code
    assert said.index(ENTER) < said.index("reading sockets …") < said.index(LEAVE)
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")


def test_a_frame_that_was_handed_over_is_not_ours_to_take_away(tmp_path: Path):
    child = in_terminal(SHOWN.format("begin(); print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"), tmp_path)
    said = str(child.read())
    child.close()
    assert ENTER in said
    assert LEAVE not in said
    assert "True" in said
