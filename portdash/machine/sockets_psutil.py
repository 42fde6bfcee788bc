"""The socket table by way of psutil: works everywhere, at the price of reading every connection."""

import errno
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from socket import SOCK_STREAM
from typing import Protocol

from portdash.machine.connections import Slot, count_connections
from portdash.machine.owners import hidden_uids, sharers
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket
from portdash.record import record


class Address(Protocol):
    """One end of a socket, as psutil has it."""

    @property
    def ip(self) -> str: ...  # noqa: D102
    @property
    def port(self) -> int: ...  # noqa: D102


class Connection(Protocol):
    """One row of psutil's table. An end that is not there is an empty tuple."""

    @property
    def fd(self) -> int: ...  # noqa: D102
    @property
    def type(self) -> int: ...  # noqa: D102
    @property
    def laddr(self) -> "Address | tuple[()]": ...  # noqa: D102
    @property
    def raddr(self) -> "Address | tuple[()]": ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def pid(self) -> int | None: ...  # noqa: D102


Rows = Callable[[], Iterable[Connection]]
Uids = Callable[[Collection[Slot]], dict[Slot, int]]


class PsutilSockets:
    """Reads which sockets listen.

    `rows` is where the table comes from, psutil unless a test brings its own; `uids` tells the users of sockets whose
    owners are hidden.
    """

    def __init__(self, rows: Rows | None = None, *, uids: Uids = hidden_uids) -> None:
        self._rows = rows or table
        self._uids = uids

    def sockets(self) -> tuple[Socket, ...]:
        """Return every TCP socket in LISTEN and every bound UDP socket, one row an address. Raises OSError.

        Several sockets on one address (SO_REUSEPORT) are one row with all their processes. A row whose owner may not
        be read stays, without pids.
        """
        listening, connected = _sort(self._rows())
        shared = sharers(owner for found in listening.values() for owner in found.owners)
        hidden = {slot for slot, found in listening.items() if not found.owners}
        uids = self._uids(hidden) if hidden else {}
        return tuple(
            Socket(
                protocol=slot[0],
                address=slot[1],
                port=slot[2],
                pids=tuple(sorted({pid for owner in found.owners for pid in shared.get(owner, {owner[0]})})),
                uid=uids.get(slot),
                connections=count_connections(slot, listening, connected) if slot[0] is IpProtocol.TCP else None,
            )
            for slot, found in sorted(listening.items())
        )


@dataclass(slots=True)
class _Found:
    owners: set[tuple[int, int]] = field(default_factory=set)
    """Pid and file descriptor of each socket on the address."""


def _sort(rows: Iterable[Connection]) -> tuple[dict[Slot, _Found], dict[int, Counter[str]]]:
    """Split the table into what listens, and TCP connections by local port and address."""
    listening: dict[Slot, _Found] = defaultdict(_Found)
    connected: dict[int, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if not row.laddr or not row.laddr.port:
            continue
        protocol = IpProtocol.TCP if row.type == SOCK_STREAM else IpProtocol.UDP
        address, port = _plain(row.laddr.ip), row.laddr.port
        if row.status == "ESTABLISHED":
            connected[port][address] += 1
        elif row.status == "LISTEN" if protocol is IpProtocol.TCP else not row.raddr:
            found = listening[protocol, address, port]
            if row.pid:
                found.owners.add((row.pid, row.fd))
    return listening, connected


def _plain(address: str) -> str:
    """Return an IPv4 address that an IPv6 socket carries as what it is, without the interface of a local one."""
    address = address.partition("%")[0]
    return address[7:] if address.startswith("::ffff:") and "." in address else address


def table() -> Iterator[Connection]:
    """Yield psutil's table of internet sockets. Raises OSError when the system refuses it."""
    import psutil  # noqa: PLC0415 (20 ms, only for who looks at sockets)

    try:
        if sys.platform == "darwin":  # the whole table is for root there, one's own processes are for everybody
            yield from own_rows(psutil.process_iter(), psutil.Error)
        else:
            yield from psutil.net_connections("inet")
    except psutil.AccessDenied as error:
        raise PermissionError(errno.EACCES, "the system refuses the table of sockets") from error
    except (psutil.Error, RuntimeError) as error:
        raise OSError(errno.EIO, f"the table of sockets cannot be understood: {error}") from error


class InspectedProcess(Protocol):
    """What is asked of a psutil.Process here."""

    @property
    def pid(self) -> int: ...  # noqa: D102
    def net_connections(self, kind: str) -> Iterable[Connection]: ...  # noqa: D102


@record
class OwnedRow:
    """A row of one process's table, which does not repeat whose it is."""

    fd: int
    type: int
    laddr: Address | tuple[()]
    raddr: Address | tuple[()]
    status: str
    pid: int


def own_rows(processes: Iterable[InspectedProcess], refusal: type[Exception]) -> Iterator[Connection]:
    """Yield the sockets of every process that lets itself be read; `refusal` is what the others raise."""
    for process in processes:
        try:
            rows = list(process.net_connections("inet"))
        except refusal:
            continue
        for row in rows:
            yield OwnedRow(row.fd, row.type, row.laddr, row.raddr, row.status, process.pid)
