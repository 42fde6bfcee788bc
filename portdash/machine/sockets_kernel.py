"""The socket table of Linux without psutil: the kernel's short table, and one walk for whose the sockets are.

psutil reads every connection and looks into every open file of every process, then we do so once more for the
processes that share a socket. Here the kernel gives what listens, and the walk stops at sockets nobody asked for: a
quarter of the time, and no psutil to load.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from portdash.machine.connections import WILDCARDS, Slot, count_connections
from portdash.machine.fd_scan import Counts, Holders, find_holders, link_of
from portdash.machine.procfs import PROC
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket
from portdash.named_tuple import NamedTuple

if TYPE_CHECKING:
    from portdash.machine.diag_messages import DiagRow
    from portdash.model.sources import SocketSource

Connected = Mapping[int, Counter[str]]
"""How many TCP connections there are, by local port and address."""


Piece = tuple[int, bytes]
"""What is said of one socket, as it is said: in which of several tables, and how."""


class Listing(Protocol):
    """What a table said at one moment: equal to another of the same table while nothing has changed."""

    def pieces(self) -> Iterator[Piece]:
        """Yield what it is made of, to be compared with the pieces of another. Raises OSError where it is garbage."""
        ...

    def row(self, piece: Piece) -> DiagRow | None:
        """Return what a piece says, None where that is no socket with a port. Raises OSError where it is garbage."""
        ...


class Table(Protocol):
    """A list of what listens, which the system keeps without processes.

    For one thread at a time; raises OSError when it is of no more use.
    """

    def dump(self) -> Listing:
        """Return what listens now."""
        ...

    def connected(self, ports: Collection[int]) -> Connected:
        """Return how many TCP connections there are on some local ports, by port and address."""
        ...

    def close(self) -> object:
        """Let go."""
        ...


class Reading(NamedTuple):
    """One full look: what listens, what is connected, and who has what open."""

    listing: Listing
    known: dict[Piece, DiagRow | None]
    """What each piece of it says."""
    connected: Connected
    holders: Holders
    counts: Counts

    def sockets(self) -> tuple[Socket, ...]:
        """Return one row an address."""
        slots = by_slot(row for row in self.known.values() if row)
        return tuple(join(slot, slots, self.holders, self.connected) for slot in sorted(slots))


def read_all(table: Table, *, proc: str = PROC) -> Reading:
    """Read everything once. Raises OSError where the table is of no use; what is hidden stays, without processes."""
    listing = table.dump()
    known = {piece: listing.row(piece) for piece in listing.pieces()}
    rows = [row for row in known.values() if row]
    connected = table.connected({row.port for row in rows})
    holders, counts = find_holders({link_of(row.inode) for row in rows}, proc=proc)
    return Reading(listing, known, connected, holders, counts)


def by_slot(rows: Iterable[DiagRow]) -> dict[Slot, list[DiagRow]]:
    """Put sockets on one address (SO_REUSEPORT) together."""
    together: defaultdict[Slot, list[DiagRow]] = defaultdict(list)
    for row in rows:
        together[row.protocol, row.address, row.port].append(row)
    return together


def join(
    slot: Slot, slots: Mapping[Slot, Sequence[DiagRow]], holders: Mapping[str, Iterable[int]], connected: Connected
) -> Socket:
    """Make one row of all sockets on an address, with the processes of all of them."""
    found = slots[slot]
    pids = {pid for row in found for pid in holders.get(link_of(row.inode), ())}
    return Socket(
        protocol=slot[0],
        address=slot[1],
        port=slot[2],
        pids=tuple(sorted(pids)),
        uid=min(found, key=lambda row: row.inode).uid,
        connections=_connections(slot, slots, connected),
        dual_stack=_is_dual(found) if slot[1] in WILDCARDS else None,
        queue=_waiting(found),
    )


def _connections(slot: Slot, slots: Container[Slot], connected: Connected) -> int | None:
    return count_connections(slot, slots, connected) if slot[0] is IpProtocol.TCP else None


def _waiting(rows: Iterable[DiagRow]) -> int | None:
    told = [row.queue for row in rows if row.queue is not None]
    return sum(told) if told else None


def _is_dual(rows: Iterable[DiagRow]) -> bool | None:
    """Say whether sockets on a wildcard take IPv4 and IPv6; None for IPv4, and where an old kernel does not tell."""
    told = {row.only_v6 for row in rows}
    return None if None in told else False in told


class KernelSockets:
    """Reads which sockets listen, and remembers nothing.

    `tables` opens the table; where that cannot be had, the source that `otherwise` makes is asked. A row whose owner
    may not be read stays, without pids.
    """

    def __init__(self, otherwise: Callable[[], SocketSource], *, tables: Callable[[], Table], proc: str = PROC) -> None:
        self._otherwise = otherwise
        self._tables = tables
        self._proc = proc

    def sockets(self) -> tuple[Socket, ...]:
        """Return every TCP socket in LISTEN and every bound UDP socket, one row an address. Raises OSError."""
        try:
            table = self._tables()
            try:
                return read_all(table, proc=self._proc).sockets()
            finally:
                table.close()
        except OSError:
            return self._otherwise().sockets()
