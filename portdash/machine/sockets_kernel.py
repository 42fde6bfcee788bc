"""The socket table of Linux without psutil: the kernel's short table, and one walk for whose the sockets are.

psutil reads every connection and looks into every open file of every process, then we do so once more for the
processes that share a socket. Here the kernel gives what listens, and the walk stops at sockets nobody asked for: a
quarter of the time, and no psutil to load.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from portdash.machine.connections import WILDCARDS, Slot, count_connections
from portdash.machine.netlink_diag import DiagRow, SocketDiag
from portdash.machine.owners import holders
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket

if TYPE_CHECKING:
    from portdash.model.sources import SocketSource


class KernelSockets:
    """Reads which sockets listen; where the kernel has no such table, the source that `otherwise` makes is asked.

    `diag` opens the table. A row whose owner may not be read stays, without pids.
    """

    def __init__(self, otherwise: Callable[[], SocketSource], *, diag: type[SocketDiag] = SocketDiag) -> None:
        self._otherwise = otherwise
        self._diag = diag

    def sockets(self) -> tuple[Socket, ...]:
        """Return every TCP socket in LISTEN and every bound UDP socket, one row an address. Raises OSError."""
        try:
            table = self._diag()
            try:
                rows = list(table.dump().rows())
                connected = table.connected()
            finally:
                table.close()
        except OSError:
            return self._otherwise().sockets()
        return _join(rows, connected)


def _join(rows: Iterable[DiagRow], connected: dict[int, Counter[str]]) -> tuple[Socket, ...]:
    """Return one row an address: several sockets on it (SO_REUSEPORT) are one, with all their processes."""
    together: defaultdict[Slot, list[DiagRow]] = defaultdict(list)
    for row in rows:
        together[row.protocol, row.address, row.port].append(row)
    pids = holders(f"socket:[{row.inode}]" for found in together.values() for row in found)
    return tuple(
        Socket(
            protocol=slot[0],
            address=slot[1],
            port=slot[2],
            pids=tuple(sorted({pid for row in found for pid in pids[f"socket:[{row.inode}]"]})),
            uid=found[0].uid,
            connections=count_connections(slot, together, connected) if slot[0] is IpProtocol.TCP else None,
            dual_stack=_is_dual(found) if slot[1] in WILDCARDS else None,
        )
        for slot, found in sorted(together.items())
    )


def _is_dual(rows: Iterable[DiagRow]) -> bool | None:
    """Say whether sockets on a wildcard take IPv4 and IPv6; None for IPv4, and where an old kernel does not tell."""
    told = {row.only_v6 for row in rows}
    return None if None in told else False in told
