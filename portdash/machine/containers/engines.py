"""All container engines of this machine, as one who looks each second may ask them.

Where there is no socket of an engine nothing is loaded and nothing asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.forks import ForkLock
from portdash.machine.containers.addresses import Address, Addresses, find_addresses
from portdash.named_tuple import NamedTuple

if TYPE_CHECKING:
    from portdash.machine.containers.line import Line
    from portdash.machine.containers.seen import Seen
    from portdash.model.sockets import Socket

LIMIT = 0.3
"""Seconds that a look waits for all engines together."""

HOLDS = 4.0
"""Seconds for which it holds which engines there are, while the same sockets listen: to find out is a dozen calls."""

Find = Callable[[Mapping[str, str], Path], Addresses]
"""Says which engines there are to ask."""


class Known(NamedTuple):
    """What the engines say, taken together. The same object comes back while they say the same."""

    containers: tuple[Seen, ...] = ()
    """Each once, however many engines tell of it."""
    notices: tuple[str, ...] = ()
    blind: bool = False
    """Whether there is an engine that runs and could not be asked."""


class Engines:
    """The engines of this machine. May be asked from several threads."""

    def __init__(
        self,
        environ: Mapping[str, str],
        home: Path,
        *,
        find: Find = find_addresses,
        limit: float = LIMIT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environ = environ
        self._home = home
        self._find = find
        self._limit = limit
        self._monotonic = monotonic
        self._lock = ForkLock()
        self._lines: dict[Address, Line] = {}
        self._slots: frozenset[tuple[str, str, int]] = frozenset()
        self._rows: tuple[Socket, ...] | None = None
        self._last = Known()
        self._found: tuple[float, Addresses] | None = None
        """When it was found out which engines there are."""

    def are_there(self) -> bool:
        """Say whether there is an engine to ask, or one that is named and may not be asked. Nobody is asked."""
        return self._find(self._environ, self._home).are_there

    def look(self, rows: tuple[Socket, ...]) -> Known:
        """Return what the engines say now that these sockets listen; wait at most `limit` seconds for them."""
        with self._lock:
            changed = self._has_changed(rows)
            addresses = self._addresses(anew=changed)
            known = self._ask(addresses, changed=changed) if addresses.are_there else Known()
            if known != self._last:
                self._last = known
            return self._last

    def _addresses(self, *, anew: bool) -> Addresses:
        now, last = self._monotonic(), self._found
        if anew or last is None or not 0 <= now - last[0] < HOLDS:
            self._found = last = (now, self._find(self._environ, self._home))
        return last[1]

    def _has_changed(self, rows: tuple[Socket, ...]) -> bool:
        if rows is self._rows or rows == self._rows:
            return False
        before, self._rows = self._slots, rows
        self._slots = frozenset((row.protocol.value, row.address, row.port) for row in rows)
        return self._slots != before

    def _ask(self, addresses: Addresses, *, changed: bool) -> Known:
        from portdash.machine.containers.line import Line  # noqa: PLC0415  only where there is an engine
        from portdash.machine.containers.notices import notices_of  # noqa: PLC0415

        self._lines = {
            each: self._lines.get(each) or Line(each, limit=self._limit, monotonic=self._monotonic)
            for each in addresses.found
        }
        lines = tuple(self._lines.values())
        for line in lines:
            line.ask_if_due(changed=changed)
        until = time.monotonic() + self._limit
        for line in lines:
            line.collect(until)
        containers = {
            each.container.id: each for line in reversed(lines) if line.stock for each in line.stock.containers
        }
        notices = (*addresses.notices, *notices_of(lines))
        return Known(tuple(containers.values()), notices, blind=any(map(_is_mute, lines)))


def _is_mute(line: Line) -> bool:
    return line.stock is None and line.trouble is not None and line.trouble.trouble != "away"
