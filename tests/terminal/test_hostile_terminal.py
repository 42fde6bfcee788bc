"""Strings that strangers chose, in every place there is for one: the terminal gets what Textual says, and no more."""

import os
import re
import sys
from pathlib import Path

import pytest
from hostile_world import MARK, PIECES
from terminal_window import Open, Terminal

pytestmark = pytest.mark.needs_linux

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
ALLOWED = re.compile(
    rb"\x1b\[[0-9;:?<>=$]*[A-Za-z~]|\x1b\[[0-9;?]*\$[a-z]|\x1b\]22;[a-z]*\x07|\x1b[78=>]|\x1b\(B|\x1bP=[0-9]s\x1b\\"
)
"""Colours, cursor, modes, the shape of the mouse pointer, synchronised output."""
COPIED = re.compile(rb"\x1b\]52;c;[A-Za-z0-9+/=]*\x07")
"""What is sent where something is copied; its payload cannot be obeyed."""
SMUGGLED = re.compile(rb"(?:\x1b|\xc2[\x80-\x9f])[^A-Za-z]{0,12}" + MARK.encode())
DIALOGS = (
    ("x", "Holds it"),
    ("c", "world as of"),
    ("m", "empty: the next best"),
    ("D", "Gives back"),
    ("a", "Would get"),
    ("R", "secrets and home masked"),
    ("?", "─ Help"),
)


def assert_harmless(sent: bytes) -> None:
    assert not SMUGGLED.search(sent)
    strange = ALLOWED.sub(b"", COPIED.sub(b"", sent))
    for byte in (b"\x1b", b"\x07", "\x9b".encode(), "\x9d".encode(), b"\x00", b"\x7f", b"\x08"):
        assert byte not in strange, strange[max(0, strange.find(byte) - 80) : strange.find(byte) + 40]
    for piece in ("\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\U000e0041"):
        assert piece.encode() not in strange


def look_at(window: Terminal, number: int, *, dialogs: int = len(DIALOGS)) -> None:
    """Look at every leaf of one service, and open dialogs on it."""
    window.press("/")
    window.wait_for("words, port:3000")
    window.press(*f"svc{number}", "\r")
    window.wait_for(f"  /svc{number}  ")
    window.press("g", "j")
    window.wait_for(f"─ w{number // 4}/svc{number} ──")
    for key, words in DIALOGS[:dialogs]:
        window.press_until(key, words)
        window.press_while("\x1b", words)
    for leaf in ("Log", "History", "Config", "Why"):
        window.press("]")
        window.wait_for(f"[{leaf}]")
    window.press_while("\x1b", f"  /svc{number}  ")


def leave(window: Terminal) -> None:
    """Look for a command by name, end, and look at every byte that was written."""
    window.press(":", *"resol")
    window.wait_for("Resolve")
    window.press("\x03")
    assert window.wait_for_end() == 0
    assert_harmless(window.sent)


def hostile(terminal: Open, seed: int, amount: int, home: Path) -> Terminal:
    script = Path(__file__).with_name("hostile_world.py")
    window = terminal(program=[sys.executable, str(script), str(seed), str(amount), str(home)])
    window.wait_for("q Quit")
    return window


def test_forty_strings_in_every_place(terminal: Open, home: Path):
    window = hostile(terminal, 1, 40, home)
    window.press("G")
    look_at(window, 17, dialogs=2)
    leave(window)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(2, 3 if SCALE == 1 else 7))
def test_five_hundred_strings_in_every_place(terminal: Open, home: Path, seed: int):
    window = hostile(terminal, seed, 100, home)
    for number in range(0, 100, max(5, 100 // SCALE)):
        look_at(window, number)
    for _ in range(60):
        window.press("j", "\x04")
    leave(window)


def test_what_is_smuggled_would_be_found():
    assert SMUGGLED.search(PIECES[10].encode())
    with pytest.raises(AssertionError):
        assert_harmless(f"\x1b[{MARK}m".encode())
    with pytest.raises(AssertionError):
        assert_harmless(b"\x1b]0;title\x07")
    assert_harmless(b"\x1b[31mplain\x1b[0m\x1b]52;c;aGk=\x07")
