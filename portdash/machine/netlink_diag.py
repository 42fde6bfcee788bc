"""What listens, asked of the Linux kernel itself (SOCK_DIAG): no walk over connections, no pids. See sock_diag(7).

Three dumps on a socket that stays open: TCP in LISTEN, where the kernel never looks at the table of connections, and
UDP over IPv4 and IPv6. `SocketDiag` is the transport, diag_messages.py reads what comes.
"""

import _socket as socket  # without the enumerations of the module above it, which cost more than a whole look
import errno
import struct
import weakref
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cache

from portdash.machine.diag_messages import (
    SEQUENCE,
    SOCK_DIAG_BY_FAMILY,
    TCPDIAG_GETSOCK,
    DiagRow,
    end_of,
    messages,
    read_connections,
    read_message,
    read_table,
)
from portdash.machine.procfs import PROC, read
from portdash.model.ports import IpProtocol
from portdash.named_tuple import NamedTuple

_REQUEST = struct.Struct("=IHHII BBBBI 48s")
"""nlmsghdr, then inet_diag_req_v2: family, protocol, extensions, padding, states, and no particular socket."""
_OLDER_REQUEST = struct.Struct("=IHHII BBBB 48s II")
"""nlmsghdr, then inet_diag_req: family, lengths, extensions, no particular socket, states, and where to go on."""

_NETLINK_SOCK_DIAG = 4
_NLM_F_REQUEST_DUMP = 0x301
_ESTABLISHED, _UNCONNECTED, _LISTEN, _BOUND = 1, 7, 10, 13
PROTOCOLS = (IpProtocol.TCP, IpProtocol.UDP, IpProtocol.UDP)
"""Of the tables of a dump."""
_NUMBERS = {IpProtocol.TCP: socket.IPPROTO_TCP, IpProtocol.UDP: socket.IPPROTO_UDP}
_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_NO_OLDER_WAY = frozenset((errno.EOPNOTSUPP, errno.EINVAL, errno.ENOENT, errno.EPROTONOSUPPORT))
_PATIENCE = struct.pack("@ll", 1, 0)
"""A second: the kernel answers at once, and whatever else calls itself netlink must not hang us."""
_BUFFER = 64 * 1024
"""Twice what the kernel puts into one piece; a larger one costs more to get than the answer."""


@cache
def _request(protocol: IpProtocol, family: int, states: int) -> bytes:
    return _REQUEST.pack(
        _REQUEST.size, SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST_DUMP, SEQUENCE, 0,
        family, _NUMBERS[protocol], 0, 0, states, bytes(48),
    )  # fmt: skip


@cache
def _older_request(states: int) -> bytes:
    return _OLDER_REQUEST.pack(
        _OLDER_REQUEST.size, TCPDIAG_GETSOCK, _NLM_F_REQUEST_DUMP, SEQUENCE, 0,
        0, 0, 0, 0, bytes(48), states, 0,
    )  # fmt: skip


class Dump(NamedTuple):
    """All answers. Two of one table are equal when no row has changed, nor how many clients wait at it."""

    tables: tuple[bytes, ...]
    """The messages of TCP, of UDP over IPv4 and of UDP over IPv6."""

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """Yield each message, and of which table it is. Raises OSError where the bytes are no such messages."""
        for number, table in enumerate(self.tables):
            for start, length in messages(table):
                yield number, table[start : start + length]

    def row(self, piece: tuple[int, bytes]) -> DiagRow | None:
        """Return what a message says, None for a socket without a port. Raises OSError where it is no such message."""
        return read_message(piece[1], PROTOCOLS[piece[0]])

    def rows(self) -> Iterator[DiagRow]:
        """Yield what listens. Raises OSError where the bytes are no such messages."""
        return (row for piece in self.pieces() if (row := self.row(piece)))


def tcp_counters(*, proc: str = PROC) -> bytes | None:
    """Return what TCP has done so far, in segments, connections and failures; None where it is not told.

    While it is the same no connection has come or gone: either takes a segment, or counts as given up.
    """
    lines = (read(f"{proc}/net/snmp", 16 * 1024) or b"").splitlines()
    return next((line for line in reversed(lines) if line.startswith(b"Tcp:")), None)


class SocketDiag:
    """A socket to the kernel's table. Raises OSError, here and later, where there is none or it is refused.

    For one thread at a time. A child that was forked must make its own.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)
        self.close = weakref.finalize(self, self._socket.close)
        """Let go; happens by itself with the last reference, and closing twice is fine."""
        # Not settimeout: that makes two system calls of each.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _PATIENCE)
        self._knows_older_way = True
        self._first: Dump | None = None
        self._udp: dict[int, bytes] = {}
        """What UDP was last, by family."""
        self._turn = _FAMILIES[1]
        self._counted: tuple[bytes | None, Collection[int] | None, dict[int, Counter[str]]] = (None, None, {})
        """What TCP had done when connections were counted last, on which ports, and what was found."""

    def try_out(self) -> None:
        """Ask at once whether it is told; who asks next, at once as well, gets that answer. Raises OSError."""
        self._first = self.dump()

    def dump(self) -> Dump:
        """Return what listens now. Raises OSError; the socket is of no more use then.

        From the second time on UDP is asked over IPv4 and IPv6 by turns, so that a change there may show one call late:
        the kernel looks through a table of its own for each, which costs more than all that listens on TCP.
        """
        if first := self._first:
            self._first = None
            return first
        tcp = self._tcp(1 << _LISTEN)
        for _ in _FAMILIES if not self._udp else _FAMILIES[:1]:
            self._turn = _FAMILIES[self._turn == _FAMILIES[0]]
            self._udp[self._turn] = self._ask(_request(IpProtocol.UDP, self._turn, 1 << _UNCONNECTED))
        return Dump((tcp, *(self._udp[family] for family in _FAMILIES)))

    def connected(self, ports: Collection[int] | None = None) -> dict[int, Counter[str]]:
        """Return how many TCP connections there are on each local port and address; on some ports, if given.

        The same object comes back while TCP has neither sent nor got anything: the kernel looks through all places
        where connections may be, however few there are, which costs as much as a second of all else. Raises OSError.
        """
        done = tcp_counters()  # first: what comes while they are read counts for the next time
        before, on, found = self._counted
        if done is not None and done == before and ports == on:
            return found
        found = self._count(ports)
        self._counted = (done, ports, found)
        return found

    def _count(self, ports: Collection[int] | None) -> dict[int, Counter[str]]:
        found: dict[int, Counter[str]] = {}
        for family in _FAMILIES:  # by themselves, as they are read faster then
            table = self._ask(_request(IpProtocol.TCP, family, 1 << _ESTABLISHED))
            for port, address, count in read_connections(table, ports):
                found.setdefault(port, Counter())[address] += count
        return found

    def bound(self) -> tuple[DiagRow, ...]:
        """Return the TCP sockets that are bound, and neither listen nor are connected. Raises OSError.

        Kernels before 6.8 tell of none. Dearer than what listens: the kernel looks through all ports.
        """
        return tuple(read_table(self._tcp(1 << _BOUND), IpProtocol.TCP))

    def _tcp(self, states: int) -> bytes:
        """Return the messages of both families: in one dump, at half the price, where the kernel knows how."""
        if self._knows_older_way:
            try:
                return self._ask(_older_request(states))
            except OSError as error:
                if error.errno not in _NO_OLDER_WAY:
                    raise
                self._knows_older_way = False
        return b"".join(self._ask(_request(IpProtocol.TCP, family, states)) for family in _FAMILIES)

    def _ask(self, request: bytes) -> bytes:
        """Return the messages of one dump, without the one that ends it."""
        self._socket.send(request)
        pieces = []
        while True:
            piece = self._socket.recv(_BUFFER)
            end = end_of(piece)
            if end is None:
                pieces.append(piece)
                continue
            if end:
                pieces.append(piece[:end])
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
