"""A child that has a terminal of its own, with our keys and our window. POSIX only."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from portdash.manager.deps import Deps
from portdash.supervisor.lookout import Started
from portdash.supervisor.orders import Order
from portdash.supervisor.signals import Signals
from portdash.supervisor.supervise import Supervisor
from portdash.supervisor.terminal import copy_size, open_pair, raw_input
from portdash.text import clean

_CHUNK = 65536
_MOST_WAITING = 1024 * 1024
_INTERRUPT = b"\x03"
_TWICE = 2.0
"""Seconds within which a second ctrl-c ends what did not end at the first."""


async def supervise_on_terminal(deps: Deps, order: Order, state_dir: Path, started: Started) -> int:
    """Run a service whose child sees a terminal as ours is; return its status."""
    pair = open_pair()
    os.set_blocking(pair.ours, False)
    supervisor = Supervisor(
        deps, order, state_dir=state_dir, sink=lambda _number, _data: None, say=talk_raw, terminal=pair, started=started
    )
    loop = asyncio.get_running_loop()
    keys = _Keys(pair.ours, supervisor.signals)
    with raw_input():
        loop.add_reader(pair.ours, _show, pair.ours, supervisor)
        loop.add_reader(sys.stdin.fileno(), keys.read)
        loop.add_signal_handler(signal.SIGWINCH, copy_size, pair.theirs)
        try:
            return await supervisor.run()
        finally:
            loop.remove_signal_handler(signal.SIGWINCH)
            loop.remove_reader(sys.stdin.fileno())
            loop.remove_reader(pair.ours)
            loop.remove_writer(pair.ours)
            os.close(pair.theirs)
            _drain(pair.ours, supervisor)
            os.close(pair.ours)


class _Keys:
    """What is typed goes to the child. Ctrl-c does so too: its terminal makes the signal of it."""

    def __init__(self, terminal: int, signals: Signals) -> None:
        self._terminal = terminal
        self._signals = signals
        self._interrupted = float("-inf")
        self._waiting = bytearray()
        """Typed, and not yet taken by the child, which may read nothing for long."""

    def read(self) -> None:
        """Pass on what was typed."""
        data = os.read(sys.stdin.fileno(), _CHUNK)
        if not data:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            return
        for _ in range(data.count(_INTERRUPT)):  # two may come in one piece
            now = asyncio.get_running_loop().time()
            if now - self._interrupted < _TWICE:
                self._signals.force()
            self._interrupted = now
            self._signals.interrupted()
        self._waiting += data[: _MOST_WAITING - len(self._waiting)]
        self._pass_on()

    def _pass_on(self) -> None:
        """Write what the child takes now; the rest when it takes more."""
        loop = asyncio.get_running_loop()
        loop.remove_writer(self._terminal)
        try:
            while self._waiting:
                del self._waiting[: os.write(self._terminal, self._waiting)]
        except BlockingIOError:
            loop.add_writer(self._terminal, self._pass_on)
        except OSError:
            self._waiting.clear()  # its end is closed


def _show(descriptor: int, supervisor: Supervisor) -> None:
    with suppress(OSError):
        _write(os.read(descriptor, _CHUNK), supervisor)


def _drain(descriptor: int, supervisor: Supervisor) -> None:
    """Show what is left when the last of the other end has closed."""
    with suppress(OSError):
        while data := os.read(descriptor, _CHUNK):
            _write(data, supervisor)


def _write(data: bytes, supervisor: Supervisor) -> None:
    supervisor.heard(data)
    with suppress(OSError):
        os.write(sys.stdout.fileno(), data)


def talk_raw(line: str) -> None:
    """Write a line of talk to a terminal that is in raw mode."""
    os.write(sys.stderr.fileno(), f"portdash: {clean(line, limit=None)}\r\n".encode())
