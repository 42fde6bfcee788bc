"""How long what was found may be believed: while its process lives, and has the socket."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from portdash.health.looks import identity_of
from portdash.machine.lifetimes import Lifetimes
from portdash.model.ports import IpProtocol

if TYPE_CHECKING:
    from portdash.discovery.instance import Instance
    from portdash.model.listener import Listener
    from portdash.model.sources import Machine

_log = logging.getLogger(__name__)

CLOSER = 0.25
"""Seconds after which the sockets are looked at as well, 0.5 ms on Linux: a living process may have lost its port."""
SHARE = 20
"""Where a look at the sockets costs more, the pause after it is so many times as long as it took."""


class Trust:
    """Tells which instances are no more what was found. For one thread at a time; a forked child makes its own.

    The end of a process is known at once where the kernel has pidfds. Elsewhere, and that a port has gone to another
    process, is known with the next closer look, by the start of the process that has the socket.
    """

    def __init__(self, machine: Machine, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._machine = machine
        self._monotonic = monotonic
        self._lifetimes = Lifetimes()
        self._instances: tuple[Instance, ...] = ()
        self._next = 0.0

    def begin(self, instances: Iterable[Instance]) -> tuple[Instance, ...]:
        """Watch these from now on, and no others; return those that still are what was found."""
        before = {each.pid for each in self._instances if each.pid is not None}
        self._instances = tuple(instances)
        now = {each.pid for each in self._instances if each.pid is not None}
        for pid in before - now:
            self._lifetimes.forget(pid)
        for pid in now:
            self._lifetimes.watch(pid)
        return self._look()  # who has these pids is proved after the watch began: pids are used again

    def kept(self) -> tuple[Instance, ...]:
        """Return those that still are what was found: the same object while nothing has changed."""
        if ended := self._lifetimes.ended():
            self._instances = tuple(each for each in self._instances if each.pid not in ended)
        if self._monotonic() >= self._next:
            self._look()
        return self._instances

    def end(self) -> None:
        """Let go of all."""
        self._instances = ()
        self._lifetimes.close()

    def _look(self) -> tuple[Instance, ...]:
        """Drop those whose port another has by now, or nobody."""
        start = self._monotonic()
        there = {(each.port, identity_of(each)) for each in self._listeners()}
        kept = tuple(each for each in self._instances if (each.port, each.identity) in there)
        for gone in set(self._instances).difference(kept):
            if gone.pid is not None and all(each.pid != gone.pid for each in kept):
                self._lifetimes.forget(gone.pid)
        if len(kept) != len(self._instances):
            self._instances = kept
        end = self._monotonic()
        self._next = end + max(CLOSER, SHARE * (end - start))
        return self._instances

    def _listeners(self) -> Iterator[Listener]:
        """Yield who listens on TCP; nobody where that cannot be read, for then nothing can be believed."""
        try:
            yield from (each for each in self._machine.listeners() if each.protocol is IpProtocol.TCP)
        except OSError as error:
            _log.warning("the sockets cannot be read, so no instance is believed to be there: %s", error)
