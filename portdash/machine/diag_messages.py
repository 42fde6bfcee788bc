"""What the kernel's socket table says, message by message: pure reading of bytes. See sock_diag(7)."""

import _socket as socket  # without the enumerations of the module above it, which cost more than a whole look
import errno
import os
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Iterator

from portdash.model.ports import IpProtocol
from portdash.named_tuple import NamedTuple

HEADER = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence, pid."""
_LENGTH = struct.Struct("=I")
SEQUENCE = 1
"""The same for every request, so that equal tables are equal bytes."""
TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY = 18, 20
"""How a message is asked for and what it is called: the older way gives both families at once, of TCP only."""

_ANSWER = struct.Struct("=BB 2x 2s 2x 16s 28x 4x II II")
"""inet_diag_msg: family, state, source port and address, the rest, what waits, how much may, uid and inode."""
_PORT = slice(HEADER.size + 4, HEADER.size + 6)
_ADDRESS = slice(HEADER.size + 8, HEADER.size + 24)
_ATTRIBUTE = struct.Struct("=HH")
_NLM_F_MULTI, _NLM_F_DUMP_INTR = 0x2, 0x10
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_STARTS = frozenset(
    struct.pack("=HHI", kind, _NLM_F_MULTI, SEQUENCE) for kind in (TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY)
)
"""Type, flags and sequence of a row."""
_END = struct.pack("=IH", 20, _NLMSG_DONE)
"""Length and type of what ends a dump."""
_INET_DIAG_SKV6ONLY = 11
_LISTEN = 10


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
    queue: int | None = None
    """Connections that wait to be accepted; None for what does not listen."""


def read_table(table: bytes, protocol: IpProtocol) -> Iterator[DiagRow]:
    """Yield the rows of one table's messages. Raises OSError where the bytes are no such messages."""
    for start, length in messages(table):
        if row := read_message(table[start : start + length], protocol):
            yield row


def read_message(message: bytes, protocol: IpProtocol) -> DiagRow | None:
    """Return the row of one message, None where the socket has no port. Raises OSError where it is no such message."""
    if len(message) < HEADER.size + _ANSWER.size:
        raise OSError(errno.EBADMSG, "a message of the socket table is cut short")
    family, state, port, address, waiting, _room, uid, inode = _ANSWER.unpack_from(message, HEADER.size)
    number = int.from_bytes(port, "big")
    if not number:
        return None
    return DiagRow(
        protocol,
        _address(family, address),
        number,
        uid,
        inode,
        _only_v6(message) if family == socket.AF_INET6 else None,
        waiting if state == _LISTEN else None,
    )


def read_connections(table: bytes, ports: Iterable[int] | None = None) -> Iterator[tuple[int, str, int]]:
    """Yield local port, local address and how many, of one table's messages; of some ports only, if they are given.

    Raises OSError for other bytes.
    """
    wanted = None if ports is None else {port.to_bytes(2, "big") for port in ports}
    ends = Counter(end for end in _local_ends(table) if wanted is None or end[0] in wanted)
    for (port, address), count in ends.items():
        # An IPv4 end leaves the rest of the address zero, and so does no IPv6 address that can be connected to.
        family = socket.AF_INET if address[4:] == bytes(12) else socket.AF_INET6
        yield int.from_bytes(port, "big"), _address(family, address), count


def _local_ends(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield port and address of each message.

    Messages of one family are mostly of one length: then they are taken apart at a fraction of the price.
    """
    size = HEADER.unpack_from(table)[0] if len(table) >= HEADER.size else 0
    if _ADDRESS.stop <= size == _aligned(size) and len(table) % size == 0:
        each = struct.Struct(f"=I {_PORT.start - 4}x 2s 2x 16s {size - _ADDRESS.stop}x")
        rows = list(each.iter_unpack(table))
        if all(length == size for length, _port, _address in rows):
            return ((port, address) for _length, port, address in rows)
    found = (table[start : start + length] for start, length in messages(table))
    return ((message[_PORT], message[_ADDRESS]) for message in found if len(message) >= _ADDRESS.stop)


def messages(table: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and length of each netlink message. Raises OSError where the bytes are no such messages."""
    start, size, length_at = 0, len(table), _LENGTH.unpack_from
    while start < size:
        length: int = length_at(table, start)[0] if size - start >= HEADER.size else 0
        if not HEADER.size <= length <= size - start:
            raise OSError(errno.EBADMSG, "the socket table is no list of messages")
        yield start, length
        start += (length + 3) & ~3


def end_of(piece: bytes) -> int | None:
    """Return where the message starts that ends the dump, None where more is to come. Raises OSError for a refusal.

    A piece that starts with a row of our dump and does not end like one that ends it is rows alone, and is not looked
    through: of 5,000 rows that would cost as much as the kernel takes to write them.
    """
    if not piece:
        raise OSError(errno.EPROTO, "the socket table ended early")
    if piece[4:12] in _STARTS and piece[-20:-14] != _END:
        return None
    for start, length in messages(piece):
        _length, kind, flags, sequence, _pid = HEADER.unpack_from(piece, start)
        if sequence != SEQUENCE or flags & _NLM_F_DUMP_INTR:
            raise OSError(errno.EAGAIN, "the socket table changed while it was read")
        if kind in (_NLMSG_ERROR, _NLMSG_DONE):
            # Both carry a number: nothing for a dump that is complete, else minus the reason.
            code = int.from_bytes(piece[start + 16 : start + 20], sys.byteorder, signed=True) if length >= 20 else 0
            if kind == _NLMSG_ERROR or code < 0:
                raise OSError(-code or errno.EPROTO, os.strerror(-code or errno.EPROTO))
            return start
    return None


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
    at = HEADER.size + _ANSWER.size
    while at + _ATTRIBUTE.size < len(message):
        length, kind = _ATTRIBUTE.unpack_from(message, at)
        if kind == _INET_DIAG_SKV6ONLY:
            return message[at + _ATTRIBUTE.size] != 0
        at += max(_ATTRIBUTE.size, _aligned(length))
    return None
