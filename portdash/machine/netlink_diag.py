"""What listens, asked of the Linux kernel itself (SOCK_DIAG): no walk over connections, no pids. See sock_diag(7).

Three dumps on a socket that stays open: TCP in LISTEN over IPv4 and IPv6, where the kernel never looks at the table of
connections, and UDP over both. `read_dump` is pure; `SocketDiag` is the transport.
"""

import errno
import os
import socket
import struct
import sys
import weakref
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from portdash.model.ports import IpProtocol

_REQUEST = struct.Struct("=IHHII BBBBI 48s")
"""nlmsghdr, then inet_diag_req_v2: family, protocol, extensions, padding, states, and no particular socket."""
_HEADER = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence, pid."""
_ANSWER = struct.Struct("=BBBB 2s 2x 16s 28x 4x 8x II")
"""inet_diag_msg: family, state, timer, retransmissions, source port and address, the rest, uid and inode."""
_QUEUES = slice(_HEADER.size + 56, _HEADER.size + 64)
"""Where a message counts what waits in the socket: that changes with every client, and changes no row."""
_LOCAL_PORT = slice(_HEADER.size + 4, _HEADER.size + 6)
_LOCAL_ADDRESS = slice(_HEADER.size + 8, _HEADER.size + 24)
_ATTRIBUTE = struct.Struct("=HH")

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST_DUMP = 0x301
_NLM_F_DUMP_INTR = 0x10
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_INET_DIAG_SKV6ONLY = 11
_ESTABLISHED, _UNCONNECTED, _LISTEN = 1, 7, 10
_KINDS = (
    (IpProtocol.TCP, socket.AF_INET, 1 << _LISTEN),
    (IpProtocol.TCP, socket.AF_INET6, 1 << _LISTEN),
    (IpProtocol.UDP, socket.AF_INET, 1 << _UNCONNECTED),
    (IpProtocol.UDP, socket.AF_INET6, 1 << _UNCONNECTED),
)
_NUMBERS = {IpProtocol.TCP: socket.IPPROTO_TCP, IpProtocol.UDP: socket.IPPROTO_UDP}
_SEQUENCE = 1
"""The same for every request, so that equal tables are equal bytes."""
_PATIENCE = 1.0
"""Seconds: the kernel answers at once, and whatever else calls itself netlink must not hang us."""
_BUFFER = 256 * 1024


class DiagRow(NamedTuple):
    """One socket that listens, as the kernel has it."""

    protocol: IpProtocol
    address: str
    """As people write it; an IPv4 address that an IPv6 socket carries is written as IPv4."""
    port: int
    uid: int
    inode: int
    """What /proc/PID/fd names it by."""
    only_v6: bool | None = None
    """Whether an IPv6 socket takes no IPv4; None for IPv4."""


class Dump(NamedTuple):
    """All answers. Two of one `SocketDiag` are equal when no row has changed; clients that wait do not count."""

    tables: tuple[bytes, ...]
    """The messages of each of the four tables, in their order, the counts of what waits set to zero."""

    def rows(self) -> Iterator[DiagRow]:
        """Yield what listens. Raises OSError where the bytes are no such messages."""
        for (protocol, _family, _states), table in zip(_KINDS, self.tables, strict=True):
            yield from read_table(table, protocol)


def read_table(table: bytes, protocol: IpProtocol) -> Iterator[DiagRow]:
    """Yield the rows of one table's messages. Raises OSError where the bytes are no such messages."""
    for start, length in _messages(table):
        message = table[start : start + length]
        if len(message) < _HEADER.size + _ANSWER.size:
            raise OSError(errno.EBADMSG, "a message of the socket table is cut short")
        family, _state, _timer, _retries, port, address, uid, inode = _ANSWER.unpack_from(message, _HEADER.size)
        if number := int.from_bytes(port, "big"):
            yield DiagRow(
                protocol=protocol,
                address=_address(family, address),
                port=number,
                uid=uid,
                inode=inode,
                only_v6=_only_v6(message) if family == socket.AF_INET6 else None,
            )


def read_connections(table: bytes) -> Iterator[tuple[int, str, int]]:
    """Yield local port, local address and how many, of one table's messages. Raises OSError for other bytes."""
    ends = Counter(table[start + _LOCAL_PORT.start : start + _LOCAL_ADDRESS.stop] for start, _ in _messages(table))
    for end, count in ends.items():
        if len(end) == _LOCAL_ADDRESS.stop - _LOCAL_PORT.start:
            # An IPv4 end leaves the rest of the address zero, and so does no IPv6 address that can be connected to.
            address = end[_LOCAL_ADDRESS.start - _LOCAL_PORT.start :]
            family = socket.AF_INET if address[4:] == bytes(12) else socket.AF_INET6
            yield int.from_bytes(end[:2], "big"), _address(family, address), count


def _messages(table: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Yield start and length of each netlink message."""
    start = 0
    while start < len(table):
        length = _HEADER.unpack_from(table, start)[0] if len(table) - start >= _HEADER.size else 0
        if not _HEADER.size <= length <= len(table) - start:
            raise OSError(errno.EBADMSG, "the socket table is no list of messages")
        yield start, length
        start += _aligned(length)


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _address(family: int, packed: bytes) -> str:
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, packed[:4])
    if packed[:12] == bytes(10) + b"\xff\xff":
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed)


def _only_v6(message: bytes) -> bool | None:
    """Return what the attribute says, None where an old kernel does not send it."""
    at = _HEADER.size + _ANSWER.size
    while at + _ATTRIBUTE.size < len(message):
        length, kind = _ATTRIBUTE.unpack_from(message, at)
        if kind == _INET_DIAG_SKV6ONLY:
            return message[at + _ATTRIBUTE.size] != 0
        at += max(_ATTRIBUTE.size, _aligned(length))
    return None


class SocketDiag:
    """A socket to the kernel's table. Raises OSError, here and later, where there is none or it is refused.

    For one thread at a time. A child that was forked must make its own.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)
        self.close = weakref.finalize(self, self._socket.close)
        """Let go; happens by itself with the last reference, and closing twice is fine."""
        self._socket.settimeout(_PATIENCE)
        self._seen: list[tuple[bytes, bytes]] = [(b"", b"")] * len(_KINDS)
        """What each table was last: as it came, and with the counts at zero. Mostly the first is enough."""

    def dump(self) -> Dump:
        """Return what listens now. Raises OSError; the socket is of no more use then."""
        return Dump(tuple(self._table(number) for number in range(len(_KINDS))))

    def connected(self) -> dict[int, Counter[str]]:
        """Return how many TCP connections there are on each local port and address. Raises OSError."""
        found: dict[int, Counter[str]] = {}
        for family in (socket.AF_INET, socket.AF_INET6):
            for port, address, count in read_connections(self._ask(IpProtocol.TCP, family, 1 << _ESTABLISHED)):
                found.setdefault(port, Counter())[address] += count
        return found

    def _table(self, number: int) -> bytes:
        raw = self._ask(*_KINDS[number])
        if raw != self._seen[number][0]:
            plain = bytearray(raw)
            for start, length in _messages(raw):
                if length >= _QUEUES.stop:
                    plain[start + _QUEUES.start : start + _QUEUES.stop] = bytes(8)
            self._seen[number] = raw, bytes(plain)
        return self._seen[number][1]

    def _ask(self, protocol: IpProtocol, family: int, states: int) -> bytes:
        """Return the messages of one dump, without the one that ends it."""
        request = _REQUEST.pack(
            _REQUEST.size, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST_DUMP, _SEQUENCE, 0,
            family, _NUMBERS[protocol], 0, 0, states, bytes(48),
        )  # fmt: skip
        self._socket.send(request)
        pieces = []
        while True:
            piece = self._socket.recv(_BUFFER)
            end = _end_of(piece)
            pieces.append(piece if end is None else piece[:end])
            if end is not None:
                return b"".join(pieces)


def _end_of(piece: bytes) -> int | None:
    """Return where the message starts that ends the dump, None where more is to come. Raises OSError for a refusal."""
    for start, length in _messages(piece):
        _length, kind, flags, sequence, _pid = _HEADER.unpack_from(piece, start)
        if sequence != _SEQUENCE or flags & _NLM_F_DUMP_INTR:
            raise OSError(errno.EAGAIN, "the socket table changed while it was read")
        if kind in (_NLMSG_ERROR, _NLMSG_DONE):
            # Both carry a number: nothing for a dump that is complete, else minus the reason.
            code = int.from_bytes(piece[start + 16 : start + 20], sys.byteorder, signed=True) if length >= 20 else 0
            if kind == _NLMSG_ERROR or code < 0:
                raise OSError(-code or errno.EPROTO, os.strerror(-code or errno.EPROTO))
            return start
    if not piece:
        raise OSError(errno.EPROTO, "the socket table ended early")
    return None
