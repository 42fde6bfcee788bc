"""The dashboard in a terminal, beside a bare Textual app and other programs: start, memory, rest, what others change.

What is compared is processor time of one run, of threads that have ended too; what others change is on the screen
after a time of the wall's clock.
A busy machine shows another world at every look, and each costs several times as much as one that shows the same: run
the steady ones, and the first table, in a network and pid namespace of their own. The first frame does not look. The
aims are 0.5 % of a core with 20 or 300 listeners and 1.5 % with 5,000, and 1/20 and 1/100 of a refresh of portui: the
processor time of one of ours, which comes each second, against that of one of portui's, which comes each five. What is
left with 20 is a look a second and Textual's handling of the message about it; with 5,000, the kernel's short table,
and a small read for some of the processes.
"""

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from shown_program import Shown, shown
from socket_load import load
from timing import report

pytestmark = pytest.mark.benchmark

BIN = Path(sys.executable).parent
DASHBOARD = [str(BIN / "portdash")]
HELLO = [sys.executable, str(Path(__file__).with_name("hello.py"))]
ROUNDS = 7
SECONDS = 20
SETTLED = 80.0
"""Seconds after which a dashboard is at rest: ages of less than a minute are told by the second, and what stands above
a process is found out twice, and into each process is looked once."""
PORTUI_SECONDS = 5
"""Between two refreshes of portui, by itself."""
FIRST_LINE = 5
"""Line of the screen in which the first row of view 2 stands."""
SHAPES = {20: "quiet", 300: "busy", 5_000: "listeners"}


def test_the_first_frame_and_the_first_table_beside_a_bare_textual_app(tmp_path: Path):
    hello, frame, textual, table = list[float](), list[float](), list[float](), list[float]()
    walls = list[float]()
    with load("busy"):
        for round_ in range(ROUNDS + 1):
            with shown(HELLO, tmp_path) as bare:
                first = bare.until("hello").cpu
            begun = time.monotonic()
            with shown(DASHBOARD, tmp_path) as ours:
                spent = [ours.until(text) for text in ("reading sockets", "Quit", "PROCESS")]
            if round_:  # the first has written the bytecode
                hello.append(first)
                for found, each in zip((frame, textual, table), spent, strict=True):
                    found.append(each.cpu)
                walls.append(spent[-1].at - begun)
    base = statistics.median(hello)
    for what, found, limit, more in (
        ("first frame, against a bare Textual app", frame, 0.5, ""),
        ("first frame of Textual's own, against a bare Textual app", textual, 1.3, ""),
        ("first table of 300 listeners, against a bare Textual app", table, 1.9, f", seen after {_ms(walls)}"),
    ):
        report(what, statistics.median(found) / base, limit, f"{_ms(found)} CPU{more}")


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} ms"


def test_memory_beside_a_bare_textual_app(tmp_path: Path):
    with load("busy"), shown(HELLO, tmp_path) as bare, shown(DASHBOARD, tmp_path) as ours:
        bare.until("hello")
        ours.until("Quit")
        ours.cpu_during(3)
        mine, theirs = ours.resident(), bare.resident()
    report("resident with 300 listeners, against a bare Textual app", mine / theirs, 1.25, f"{mine:.1f} MiB")


@pytest.mark.parametrize(("listeners", "limit"), [(20, 0.4), (300, 0.2), (5_000, 0.12)])
def test_steady_cpu_beside_a_loop_that_looks_with_psutil(listeners: int, limit: float, tmp_path: Path):
    look = [sys.executable, "-c", "import psutil, time\nwhile True: psutil.net_connections('inet'); time.sleep(1)"]
    _allocate("kept", tmp_path)
    with load(SHAPES[listeners]), shown(DASHBOARD, tmp_path) as ours, shown(look, tmp_path) as loop:
        ours.until("Quit")
        ours.cpu_during(6)
        early = ours.cpu_during(SECONDS)
        ours.cpu_during(SETTLED - SECONDS)
        before = loop.cpu()
        mine = ours.cpu_during(SECONDS)
        theirs = loop.cpu() - before
    what = f"steady CPU at 1 Hz, {listeners:,} listeners, against psutil alone"
    shares = f"{100 * mine / SECONDS:.2f} % of a core, {100 * early / SECONDS:.2f} in the first minute"
    report(what, mine / theirs, limit, shares)


@pytest.fixture(scope="session")
def portui(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the program `portui` of PyPI: the one of PATH, or one that is installed for the benchmark."""
    if found := shutil.which("portui"):
        return found
    place = tmp_path_factory.mktemp("portui")
    try:
        subprocess.run([sys.executable, "-m", "venv", place], check=True, capture_output=True, timeout=60)
        install = [place / "bin/python", "-m", "pip", "install", "--quiet", "portui"]
        subprocess.run(install, check=True, capture_output=True, timeout=120)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"portui cannot be installed: {error}")
    return str(place / "bin/portui")


@pytest.mark.parametrize(("listeners", "limit"), [(300, 0.05), (5_000, 0.015)])
def test_a_refresh_beside_portui(listeners: int, limit: float, portui: str, tmp_path: Path):
    _allocate("kept", tmp_path)
    shape = {300: "busy", 5_000: "full"}[listeners]
    with load(shape), shown(DASHBOARD, tmp_path) as ours, shown([portui], tmp_path) as other:
        ours.until("Quit")
        other.cpu_during(SETTLED)
        before = ours.cpu()
        theirs = other.cpu_during(6 * PORTUI_SECONDS) / 6
        mine = (ours.cpu() - before) / (6 * PORTUI_SECONDS)
    what = f"one refresh with {listeners:,} listeners, against portui's"
    report(what, mine / theirs, limit, f"{mine * 1000:.1f} against {theirs * 1000:.0f} ms CPU")


def test_what_another_process_commits_is_on_the_screen(tmp_path: Path):
    with shown(DASHBOARD, tmp_path) as ours:
        ours.until("Quit")
        ours.cpu_during(2)
        waits = [_until_shown(ours, f"svc{letter}q", tmp_path) for letter in "abcdefghijklmnopqrst"]
    p95 = sorted(waits)[18]
    detail = f"{p95 * 1000:.0f} ms, median {statistics.median(waits) * 1000:.0f}"
    report("another process's change on screen, p95 against 200 ms", p95 / 0.2, 1.0, detail)


def test_a_key_is_on_the_screen_while_5000_listeners_are_looked_at(tmp_path: Path):
    """From the key to the cursor in its new line, by the wall's clock, at another moment of the look's second each."""
    with load("listeners"), shown(DASHBOARD, tmp_path) as ours:
        ours.until("Quit")
        ours.cpu_during(8)
        ours.send("2")
        ours.cpu_during(3)
        since, waits = ours.written, list[float]()
        ours.send("j")
        ours.cpu_during(1)
        line = FIRST_LINE + 1
        assert _cursor_in(line).encode() in ours.text(since), "the list does not begin where it did"
        for step in [1] * 30 + [-1] * 30:
            since, line, pressed = ours.written, line + step, time.monotonic()
            ours.send("j" if step > 0 else "k")
            waits.append(ours.until(_cursor_in(line), since=since).at - pressed)
            ours.cpu_during(0.237)
    p95 = sorted(waits)[int(len(waits) * 0.95)]
    detail = f"{p95 * 1000:.0f} ms, median {statistics.median(waits) * 1000:.0f}, worst {max(waits) * 1000:.0f}"
    report("key on screen with 5,000 listeners, p95 against 50 ms", p95 / 0.05, 1.0, detail)


def _cursor_in(line: int) -> str:
    """Return how a line of the list begins that has the cursor: in reverse video."""
    return f"\x1b[{line};2H\x1b[7"


def _until_shown(ours: Shown, name: str, home: Path) -> float:
    """Return the seconds from the moment that another process has stored a service to its name on the screen."""
    since, stored = ours.written, _allocate(name, home)
    seen = ours.until(name, since=since).at
    time.sleep(0.037)  # so that it meets the dashboard at another moment of its second each time
    return max(0.0, seen - stored)


def _allocate(name: str, home: Path) -> float:
    """Have another process give a service a port; return the monotonic time at which that was done."""
    code = f"import time, portdash; portdash.allocate({name!r}); print(time.monotonic())"
    told = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=home, env={"HOME": str(home)}
    )
    return float(told.stdout)


def test_psutil_sees_what_was_opened():
    """The load is what it says it is; else everything above is about an empty machine."""
    with load("busy"):
        assert sum(1 for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN) >= 300
