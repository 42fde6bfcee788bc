"""The socket table for who looks again and again: what is known is kept, and only what changed is found out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from portdash.machine.connections import WILDCARDS, Slot
from portdash.machine.fd_scan import link_of
from portdash.machine.owner_search import OwnerSearch
from portdash.machine.procfs import PROC
from portdash.machine.sockets_kernel import Listing, Reading, Table, by_slot, join
from portdash.model.ports import IpProtocol

if TYPE_CHECKING:
    from portdash.machine.diag_messages import DiagRow
    from portdash.machine.lifetimes import Lifetimes
    from portdash.model.sockets import Socket

FRESH = 5.0
"""Seconds after which connections are counted anew, and the rows are new ones even if they are equal.

This is the bargain. A socket that appears, vanishes or loses an owner shows at once, and so does who waits at it; a
count of connections shows this much later. What a living process hands to one that is not new shows within a minute of
looks each second.
"""


class WatchedSockets:
    """Returns the very same rows while nothing has changed. For one thread at a time.

    It goes on from a full reading, and from the rows that were made of it.
    """

    def __init__(
        self,
        table: Table,
        reading: Reading,
        told: tuple[Socket, ...] | None = None,
        *,
        proc: str = PROC,
        lifetimes: Lifetimes | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._monotonic = monotonic
        self._listing: Listing = reading.listing
        self._known = reading.known
        rows = [row for row in reading.known.values() if row]
        self._slots = by_slot(rows)
        self._links = {link_of(row.inode): _slot(row) for row in rows}
        self._connected = reading.connected
        self._owners = OwnerSearch(reading.holders, reading.counts, proc=proc, lifetimes=lifetimes, monotonic=monotonic)
        self._told = reading.sockets() if told is None else told
        self._sockets = {(row.protocol, row.address, row.port): row for row in self._told}
        self._at = monotonic()

    def sockets(self) -> tuple[Socket, ...]:
        """Return every TCP socket in LISTEN and every bound UDP socket. Raises OSError when the table is of no use."""
        now = self._monotonic()
        due = not 0 <= now - self._at < FRESH
        changed = self._look(closer=due)
        if self._owners.missed:  # mostly it has stopped listening before its owner was found
            changed |= self._look()
        if due:
            self._at = now
            changed |= self._count()
        if self._make(changed):
            self._told = self._all()
        elif due:
            self._told = (*self._told,)
        return self._told

    def _look(self, *, closer: bool = False) -> set[Slot]:
        """Ask the table, and who holds what; return where something changed."""
        listing = self._table.dump()
        if listing == self._listing:
            changed = self._owners.look(self._links, closer=closer)
            return {self._links[link] for link in changed if link in self._links}
        pieces = set(listing.pieces())
        went = [row for piece in self._known.keys() - pieces if (row := self._known.pop(piece))]
        new = {piece: listing.row(piece) for piece in pieces - self._known.keys()}
        came = [row for row in new.values() if row]
        self._known |= new
        self._listing = listing
        before = {link_of(row.inode) for row in went}
        for row in went:
            self._remove(row)
        for row in came:
            self._add(row)
        after = {link_of(row.inode) for row in came}
        changed = self._owners.look(self._links, came=after - before, went=before - self._links.keys(), closer=closer)
        slots = {self._links[link] for link in changed if link in self._links}
        slots.update(_slot(row) for row in (*came, *went))
        # Connections of an address that listens no more are those of the wildcard.
        return slots | {(slot[0], wildcard, slot[2]) for slot in slots for wildcard in WILDCARDS}

    def _count(self) -> set[Slot]:
        """Count connections anew; return where there are some, or were."""
        before, self._connected = self._connected, self._table.connected({slot[2] for slot in self._slots})
        if self._connected is before:
            return set()
        ports = before.keys() | self._connected.keys()
        return {slot for slot in self._slots if slot[2] in ports and slot[0] is IpProtocol.TCP}

    def _remove(self, row: DiagRow) -> None:
        slot, link = _slot(row), link_of(row.inode)
        self._slots[slot].remove(row)
        if not self._slots[slot]:
            del self._slots[slot]
        if self._links.get(link) == slot:
            del self._links[link]

    def _add(self, row: DiagRow) -> None:
        self._slots.setdefault(_slot(row), []).append(row)
        self._links[link_of(row.inode)] = _slot(row)

    def _make(self, changed: set[Slot]) -> bool:
        """Make the rows of some slots anew; say whether any is another now."""
        news = False
        for slot in changed:
            row = self._join(slot) if slot in self._slots else None
            if row != self._sockets.get(slot):
                news = True
                if row is None:
                    del self._sockets[slot]
                else:
                    self._sockets[slot] = row
        return news

    def _join(self, slot: Slot) -> Socket:
        return join(slot, self._slots, self._owners.holders, self._connected)

    def _all(self) -> tuple[Socket, ...]:
        return tuple(self._sockets[slot] for slot in sorted(self._sockets))


def _slot(row: DiagRow) -> Slot:
    return row.protocol, row.address, row.port
