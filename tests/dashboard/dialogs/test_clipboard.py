"""Where text goes when it is copied, and what is said about it."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from textual.app import App

from portdash.dashboard.clipboard import copy_text
from portdash.machine import clipboard
from portdash.machine.clipboard import copy_with_programs, described, encodable, run_program


def handed(
    environ: Mapping[str, str], *installed: str, works: bool = True
) -> tuple[list[Sequence[str]], tuple[str, ...]]:
    """Copy in such an environment; return the programs that were started, and those that took the text."""
    started: list[Sequence[str]] = []

    def run(argv: Sequence[str], data: bytes) -> bool:
        assert data == b"PORT=3000"
        started.append(argv)
        return works

    def which(name: str) -> str | None:
        return f"/usr/bin/{name}" if name in installed else None

    return started, copy_with_programs("PORT=3000", environ, which=which, run=run)


@pytest.mark.parametrize(
    ("environ", "installed", "took"),
    [
        ({}, (), ()),
        ({}, ("pbcopy",), ("pbcopy",)),
        ({"WAYLAND_DISPLAY": "w"}, ("wl-copy", "xclip"), ("wl-copy",)),
        ({"DISPLAY": ":0"}, ("wl-copy", "xclip", "xsel"), ("xclip",)),
        ({"DISPLAY": ":0"}, ("xsel",), ("xsel",)),
        ({}, ("xclip", "xsel", "wl-copy"), ()),
        ({}, ("clip.exe",), ("clip.exe",)),
        ({"TMUX": "/tmp/tmux,1,0"}, ("tmux",), ("tmux",)),
        ({"TMUX": "/tmp/tmux,1,0", "DISPLAY": ":0"}, ("tmux", "xclip"), ("tmux", "xclip")),
        ({"TMUX": "x", "SSH_TTY": "/dev/pts/1", "DISPLAY": ":0"}, ("tmux", "xclip"), ("tmux",)),
        ({"SSH_CONNECTION": "1 2 3 4", "DISPLAY": ":0"}, ("xclip", "pbcopy"), ()),
    ],
)
def test_the_text_goes_where_this_place_can_take_it(
    environ: dict[str, str], installed: tuple[str, ...], took: tuple[str, ...]
):
    started, done = handed(environ, *installed)
    assert done == took
    assert [argv[0] for argv in started] == list(took)


def test_a_program_that_fails_is_not_said_to_have_copied():
    started, done = handed({"DISPLAY": ":0"}, "xclip", works=False)
    assert started
    assert done == ()


def test_what_was_done_is_said_honestly():
    assert described(("tmux", "xclip")) == "copied with tmux and xclip"
    assert described(()).startswith("sent to the terminal")


def test_text_no_encoding_takes_is_made_visible_and_lines_stay_lines():
    assert encodable("a\udcffb\nc") == "a\\xffb\nc"


def test_a_helper_gets_the_text_on_its_standard_input(tmp_path: Path):
    kept = tmp_path / "kept"
    program = f"import sys, pathlib; pathlib.Path({str(kept)!r}).write_bytes(sys.stdin.buffer.read())"
    assert run_program((sys.executable, "-c", program), b"a\nb; rm")
    assert kept.read_bytes() == b"a\nb; rm"


def test_a_helper_that_fails_hangs_or_is_missing_is_no_error(monkeypatch: pytest.MonkeyPatch):
    assert not run_program((sys.executable, "-c", "raise SystemExit(3)"), b"")
    assert not run_program(("/nowhere/xclip",), b"")
    monkeypatch.setattr(clipboard, "TIMEOUT", 0.05)
    waits = "import threading; threading.Event().wait(60)"
    assert not run_program((sys.executable, "-c", waits), b"")


async def test_the_app_copies_through_the_terminal_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    app = App[None]()
    async with app.run_test():
        said = await copy_text(app, "PORT=3000 \udcff", dict(os.environ))
        assert app.clipboard == "PORT=3000 \\xff"
        assert said.startswith("sent to the terminal")
