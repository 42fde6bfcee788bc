"""Finding the pane of tmux that a server runs in."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from portdash.machine import panes
from portdash.machine.local import LocalMachine
from portdash.machine.panes import Panes, listening_path, parse_panes
from portdash.model.listener import Process

SERVER = Path(__file__).with_name("machine_server.py")
TMUX = Process(pid=10, name="tmux: server", ticks=5)
SHELL = Process(pid=20, name="zsh", parent=10)
NODE = Process(pid=30, name="node", parent=20)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (b"20 0.0\n21 1.12\n", {20: "0.0", 21: "1.12"}),
        (b"", {}),
        (b"x 1.0\n20\n20 1\n20 1.x\n20 \x1b[31m.0\n21 2.0", {21: "2.0"}),
    ],
)
def test_lines_of_tmux(told: bytes, found: dict[int, str]):
    assert parse_panes(told) == found


def test_the_pane_is_the_process_below_the_server(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def ask(path: str) -> dict[int, str]:
        asked.append(path)
        return {20: "1.0"}

    monkeypatch.setattr(panes, "listening_path", lambda pid: f"/socket/{pid}")
    monkeypatch.setattr(panes, "_ask", ask)
    found = Panes()
    assert found.place(NODE, (SHELL, TMUX)) == "1.0"
    assert found.place(SHELL, (TMUX,)) == "1.0"
    assert found.place(NODE, (TMUX,)) is None
    assert found.place(NODE, (SHELL,)) is None
    assert asked == ["/socket/10"]


def test_a_server_that_cannot_be_asked_has_no_panes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(panes, "listening_path", lambda _: str(tmp_path / "nobody"))
    assert Panes().place(NODE, (SHELL, TMUX)) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Panes().place(NODE, (SHELL, TMUX)) is None


@pytest.mark.needs_linux
def test_the_socket_a_process_listens_on(tmp_path: Path):
    path = str(tmp_path / "a socket")
    assert listening_path(2**22 + 5) is None
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        found = listening_path(os.getpid())
    assert found == path


@pytest.fixture
def tmux() -> Iterator[tuple[str, ...]]:
    """A tmux server of the test's own, in a short directory: paths of sockets have a limit."""
    with tempfile.TemporaryDirectory(prefix="pd") as directory:
        command = ("tmux", "-S", f"{directory}/s", "-f", "/dev/null")
        yield command
        subprocess.run([*command, "kill-server"], capture_output=True, check=False)


@pytest.mark.needs_tmux
@pytest.mark.needs_linux
@pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux")
def test_a_server_in_a_real_pane(tmux: tuple[str, ...], tmp_path: Path):
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    subprocess.run([*tmux, "new-session", "-d", "sh"], check=True)
    subprocess.run([*tmux, "new-window", f"{sys.executable} {SERVER} > {ready}; :"], check=True)
    with ready.open() as told:
        port = int(told.readline().split()[0])
    (found,) = [each for each in LocalMachine(tmp_path).listeners() if each.port == port]
    assert found.via == "tmux 1.0"
