"""How a `run` that somebody waits for says how its start went: a line through a pipe."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

READY = "PORTDASH_READY_FD"
"""Variable that names the descriptor for what is announced."""
_STAYS = "stays"
"""Follows the descriptor where who waits goes on listening to all that is said."""
_NUMBERS = 3
_ENDED = "ended"
"""Before the name of a service whose child has ended before it listened; of one that never was nothing is announced."""


class Announced(NamedTuple):
    """How far the start has come."""

    port: int
    pid: int
    listens: bool
    """False: not after a long time; it may yet."""

    def line(self) -> bytes:
        """Return it as it is sent."""
        return f"{self.port} {self.pid} {int(self.listens)}\n".encode()


def read_announced(line: bytes) -> Announced | None:
    """Return what a line announces, None for one that is not whole: whoever wrote it has ended."""
    numbers = line.split()
    if len(numbers) != _NUMBERS or not line.endswith(b"\n"):
        return None
    port, pid, listens = map(int, numbers)
    return Announced(port, pid, bool(listens))


def read_ended(line: bytes) -> str | None:
    """Return the service whose child has ended, as a line announces it; None for any other line."""
    word, _, name = line.decode().rstrip("\n").partition(" ")
    return name if word == _ENDED else None


def waited_for(environ: Mapping[str, str], descriptor: int, *, stays: bool) -> dict[str, str]:
    """Return the environment of a `run` that announces itself through `descriptor`, which it must inherit.

    Unless its listener `stays`, nobody hears what it says after its first announcement.
    """
    return {**environ, READY: f"{descriptor} {_STAYS}" if stays else str(descriptor)}


class Announcement:
    """The side of the `run`; without a word where nobody waits."""

    def __init__(self) -> None:
        text, _, how = os.environ.pop(READY, "").partition(" ")  # its child is waited for by nobody
        self._descriptor = int(text) if text.isdigit() else None
        self._stays = how == _STAYS

    def tell(self, port: int, pid: int, *, listens: bool) -> None:
        """Say where the service listens, or that it does not yet."""
        if self._descriptor is None:
            return
        with suppress(OSError):  # who waited has ended
            os.write(self._descriptor, Announced(port, pid, listens).line())
        if not self._stays:
            sys.stderr.flush()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            self.close()

    def end(self, name: str) -> None:
        """Say that the service's child has ended; nobody hears it where one was announced before."""
        if self._descriptor is not None:
            with suppress(OSError):  # who waited has ended
                os.write(self._descriptor, f"{_ENDED} {name}\n".encode())

    def close(self) -> None:
        """Say nothing more."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
