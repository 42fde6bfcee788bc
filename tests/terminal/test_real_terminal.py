"""The dashboard on this machine's real sockets, in a real terminal."""

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from terminal_window import Open

pytestmark = pytest.mark.needs_linux

HOSTILE = "[/red][@click=app.quit]x[/] \x1b]52;c;SGFja2Vk\x07 \x1b]0;owned\x07 \x9b2J \u202egnp.exe \u200b end"
SERVE = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
ALLOWED = re.compile(
    rb"\x1b\[[0-9;:?<>=$]*[A-Za-z~]"  # colours, cursor, modes
    rb"|\x1b\[[0-9;?]*\$[a-z]"
    rb"|\x1b\[>[0-9;]*[a-z]"
    rb"|\x1b\]22;[a-z]*\x07"  # the shape of the mouse pointer
    rb"|\x1b[78=>]|\x1b\(B"
    rb"|\x1bP=[0-9]s\x1b\\"  # synchronised output
)


Serve = Callable[..., int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers of their own processes; return the port of each."""
    with ExitStack() as stack:

        def start(*arguments: str, cwd: Path | None = None) -> int:
            child = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", SERVE, *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=cwd,
                )
            )
            stack.callback(child.kill)
            assert child.stdout
            return int(child.stdout.readline())

        yield start


def test_it_opens_shows_this_machine_and_gives_the_terminal_back(terminal: Open, serve: Serve):
    port = serve()
    window = terminal("--filter", str(port))
    window.wait_for("q Quit")
    window.wait_for("python")
    window.press("q")
    assert window.wait_for_end() == 0
    assert b"\x1b[?1049l" in window.sent


def test_a_driver_that_is_none_is_one_line_and_the_terminal_is_given_back(terminal: Open):
    window = terminal(program=["env", "TEXTUAL_DRIVER=nonsense", sys.executable, "-m", "portdash"])
    assert window.wait_for_end() == 2
    assert b"portdash: error: TEXTUAL_DRIVER='nonsense' names no driver" in window.sent
    assert b"internal error" not in window.sent
    assert window.sent.count(b"\x1b[?1049h") == window.sent.count(b"\x1b[?1049l")


@pytest.mark.parametrize("command", ["stty rows 0 cols 0; exec {}", "exec {} > /dev/null"])
def test_of_one_size_it_is_drawn_where_the_terminal_tells_none_or_standard_output_is_a_file(
    terminal: Open, command: str
):
    program = command.format(f"{shlex.quote(sys.executable)} -m portdash --demo")
    window = terminal(size=(80, 25), program=["sh", "-c", program])
    window.wait_for("q Quit")
    window.press_until("?", "─ Help")
    window.press("\x03")
    assert window.wait_for_end() == 0
    assert len(window.sent) < 200_000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_it_and_gives_the_terminal_back(terminal: Open, number: signal.Signals):
    window = terminal("--demo")
    window.wait_for("q Quit")
    window.signal(number)
    assert window.wait_for_end() == 128 + number
    assert b"\x1b[?1049l" in window.sent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_it_where_nobody_reads_what_it_draws(terminal: Open, number: signal.Signals):
    window = terminal("--demo")
    window.wait_for("q Quit")
    window.stop_reading("1", "3")
    window.signal(number)
    assert window.end_unread() == 128 + number
    assert window.is_cooked


def test_no_foreign_escape_reaches_the_terminal(terminal: Open, serve: Serve):
    port = serve(HOSTILE)
    window = terminal("--filter", str(port))
    window.wait_for(str(port))
    window.wait_for("[/red]")
    window.press("R")
    window.wait_for("Report")
    window.press("\x1b")
    window.wait_for("q Quit")
    window.press("\x03")
    assert window.wait_for_end() == 0
    strange = ALLOWED.sub(b"", window.sent)
    assert b"SGFja2Vk" not in window.sent.replace(rb"\x1b]52;c;SGFja2Vk\x07", b"")
    assert b"\x1b" not in strange
    assert "\x9b".encode() not in window.sent
    assert "\u202e".encode() not in window.sent
    assert "\u200b".encode() not in window.sent


def test_another_terminal_sees_what_was_allocated_here(terminal: Open, home: Path):
    project = home / "src" / "shop"
    (project / ".git").mkdir(parents=True)
    window = terminal(cwd=project)
    window.wait_for("none yet")
    window.press("a")
    window.wait_for("Would get")
    window.press("w", "e", "b")
    window.wait_for("WEB_PORT=4")
    window.press_until("\r", "web is 4")
    get = subprocess.run(
        [sys.executable, "-m", "portdash", "get", "web"], cwd=project, capture_output=True, text=True, check=True
    )
    assert get.stdout.strip() in window.text


def test_sizes_from_tiny_to_wide_are_survived(terminal: Open):
    window = terminal("--demo")
    window.wait_for("q Quit")
    for size in ((20, 5), (1, 1), (300, 100), (60, 20)):
        window.resize(*size)
    window.wait_for("q Quit")
    window.press("q")
    assert window.wait_for_end() == 0
