"""A gate before the full reading of the socket table: while the kernel's short one is the same, so are the rows."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Mapping
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol

from portdash.machine.netlink_diag import Dump, SocketDiag
from portdash.machine.owners import Slot, hidden_uids
from portdash.machine.procfs import lineage
from portdash.machine.sockets_kernel import KernelSockets

if TYPE_CHECKING:
    from portdash.model.sockets import Socket
    from portdash.model.sources import SocketSource

FRESH = 5.0
"""Seconds after which all is read anew, whatever the short table says.

This is the bargain of the gate. A socket that appears, vanishes or loses an owner shows at once; a count of
connections, and a socket that a living process hands to another, may show this much later. The full reading costs
what hundreds of short ones do, so once in five looks it is most of what a dashboard costs.
"""


class ShortTable(Protocol):
    """What says whether anything has changed. For one thread at a time; raises OSError when it is of no more use."""

    def dump(self) -> Dump:
        """Return what listens now, equal to the last one when nothing has changed."""
        ...

    def close(self) -> object:
        """Let go."""
        ...


class _Reading(NamedTuple):
    """One full reading, and what must still be so for it to stand."""

    rows: tuple[Socket, ...]
    short: Dump
    owners: Mapping[int, object]
    """Each process that shares a socket, and what tells it from a later one with its pid."""
    at: float


class GatedSockets:
    """Returns the very same rows while nothing has changed, else those of `source`. May be asked from several threads.

    Where the kernel has no short table to offer, every question goes to `source`.
    """

    def __init__(
        self,
        source: SocketSource,
        *,
        table: Callable[[], ShortTable] = SocketDiag,
        life: Callable[[int], object] = lineage,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._make_table = table
        self._life = life
        self._monotonic = monotonic
        self._lock = Lock()
        self._table: ShortTable | None = None
        self._pid = 0
        """Who opened the table: a forked child's answers would be mixed with its parent's."""
        self._last: _Reading | None = None

    def sockets(self) -> tuple[Socket, ...]:
        """Return every TCP socket in LISTEN and every bound UDP socket. Raises OSError when there is no table."""
        with self._lock:
            short = self._short()
            last = self._last
            if last is not None and short == last.short and self._stands(last):
                return last.rows
            return self._read(short)

    def _read(self, short: Dump | None) -> tuple[Socket, ...]:
        """Read in full. It is remembered only if nothing changed meanwhile, or it would hide what came last."""
        at = self._monotonic()
        rows = self._source.sockets()
        owners = {pid: self._life(pid) for row in rows for pid in row.pids}
        still = short is not None and self._short() == short
        self._last = _Reading(rows, short, owners, at) if short is not None and still else None
        return rows

    def _stands(self, last: _Reading) -> bool:
        if not 0 <= self._monotonic() - last.at < FRESH:
            return False
        return all(self._life(pid) == life for pid, life in last.owners.items())

    def _short(self) -> Dump | None:
        """Ask the short table; None where there is none. One that fails is given up, and made anew the next time."""
        try:
            if self._table is None or self._pid != os.getpid():
                self._table, self._pid = self._make_table(), os.getpid()
            return self._table.dump()
        except OSError as error:
            _tell(error)
            if self._table is not None:
                self._table.close()
            self._table = None
            return None


def _tell(error: OSError) -> None:
    import logging  # noqa: PLC0415 (3 ms, only where something is odd)

    logging.getLogger(__name__).debug("no short table of sockets: %s", error)


def diag_uids(slots: Collection[Slot]) -> dict[Slot, int]:
    """Return the user of each socket of `slots`: from the short table, a hundredth of the price of the long ones."""
    try:
        table = SocketDiag()
        rows = [((row.protocol, row.address, row.port), row.uid) for row in table.dump().rows()]
    except OSError as error:
        _tell(error)
        return hidden_uids(slots)
    table.close()
    return {slot: uid for slot, uid in rows if slot in slots}


def full_sockets() -> SocketSource:
    """Return the source that reads everything each time: for who acts on what it sees."""
    return KernelSockets(_by_psutil) if sys.platform == "linux" else _by_psutil()


def _by_psutil() -> SocketSource:
    from portdash.machine.sockets_psutil import PsutilSockets  # noqa: PLC0415 (on Linux only in odd sandboxes)

    return PsutilSockets(uids=diag_uids) if sys.platform == "linux" else PsutilSockets()


def system_sockets() -> SocketSource:
    """Return the source for who looks again and again."""
    return GatedSockets(full_sockets()) if sys.platform == "linux" else full_sockets()
