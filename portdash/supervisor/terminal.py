"""The terminal that a child is given in place of ours, so that it prints as it always does, and we hear it too."""

import fcntl
import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple


class Pair(NamedTuple):
    """The two ends of a pseudo-terminal."""

    ours: int
    theirs: int
    name: str
    """Path of their end."""


def is_interactive() -> bool:
    """Say whether somebody sits at a terminal, to read and to type."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def open_pair() -> Pair:
    """Make a terminal as large as ours, with its settings. Raises OSError."""
    ours, theirs = os.openpty()
    with suppress(termios.error):
        termios.tcsetattr(theirs, termios.TCSANOW, termios.tcgetattr(sys.stdin.fileno()))
    copy_size(theirs)
    return Pair(ours, theirs, os.ttyname(theirs))


def copy_size(descriptor: int) -> None:
    """Make a terminal as large as ours is now."""
    with suppress(OSError):
        size = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, size)


@contextmanager
def raw_input() -> Iterator[None]:
    """Let every key through to the child, ctrl-c included, and put the terminal back in order afterwards."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setraw(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
