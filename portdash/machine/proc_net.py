"""What listens, from the tables that every user may read: /proc/net, for where the kernel refuses the short table.

Its text lists all connections, the listeners first; the kernel makes it as it is read, so that who stops after the
listeners pays for no more. Whether they do come first is looked at whenever all of it is read, not taken for granted.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from portdash.machine.diag_messages import DiagRow
from portdash.machine.procfs import PROC
from portdash.model.ports import IpProtocol

_TABLES = (("tcp", IpProtocol.TCP), ("tcp6", IpProtocol.TCP), ("udp", IpProtocol.UDP), ("udp6", IpProtocol.UDP))
_STATES = {IpProtocol.TCP: b"0A", IpProtocol.UDP: b"07"}
_ESTABLISHED = b"01"
_LOCAL, _STATE, _QUEUES, _USER, _INODE = 1, 3, 4, 7, 9
"""Fields of a line."""
_PIECE = 64 * 1024
_LARGEST = 64 * 1024 * 1024
"""Of one table: more than a million connections."""


class Lines(NamedTuple):
    """What listens, as the lines had it; in each only what says anything to us."""

    tables: tuple[tuple[bytes, ...], ...]

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """Yield each line, and of which table it is."""
        for number, lines in enumerate(self.tables):
            for line in lines:
                yield number, line

    def row(self, piece: tuple[int, bytes]) -> DiagRow | None:
        """Return what a line says, None where that cannot be understood, or is no port."""
        _name, protocol = _TABLES[piece[0]]
        local, queues, user, inode = piece[1].split()
        end = _end(local)
        try:
            queue = int(queues.partition(b":")[2], 16) if protocol is IpProtocol.TCP else None
            # These tables do not say whether an IPv6 socket takes IPv4.
            return DiagRow(protocol, *end, int(user), int(inode), None, queue) if end and end[1] else None
        except ValueError:
            return None

    def rows(self) -> Iterator[DiagRow]:
        """Yield what listens."""
        return (row for piece in self.pieces() if (row := self.row(piece)))


class ProcNet:
    """Reads /proc/net. Raises OSError, here and later, where there is none."""

    def __init__(self, *, proc: str = PROC) -> None:
        self._directory = f"{proc}/net"
        self._sorted = False
        """Whether the listeners were in front when all was read last, and something came after them."""
        if not os.path.exists(f"{self._directory}/tcp"):  # noqa: PTH110 (pathlib costs five times as much)
            raise FileNotFoundError(errno.ENOENT, "there is no table of sockets", f"{self._directory}/tcp")

    def dump(self) -> Lines:
        """Return what listens now."""
        return Lines(tuple(tuple(self._listening(name, protocol)) for name, protocol in _TABLES))

    def connected(self, ports: Collection[int] | None = None) -> dict[int, Counter[str]]:
        """Return how many TCP connections there are on each local port and address; on some ports, if given."""
        found: dict[int, Counter[str]] = {}
        in_front = True
        for name, protocol in _TABLES[:2]:
            others = False
            for fields in self._lines(name):
                if fields[_STATE] == _STATES[protocol]:
                    in_front = in_front and not others
                    continue
                others = True
                end = _end(fields[_LOCAL]) if fields[_STATE] == _ESTABLISHED else None
                if end and (ports is None or end[1] in ports):
                    found.setdefault(end[1], Counter())[end[0]] += 1
        self._sorted = in_front
        return found

    def close(self) -> None:
        """Nothing is kept open."""

    def _listening(self, name: str, protocol: IpProtocol) -> Iterator[bytes]:
        for fields in self._lines(name):
            if fields[_STATE] == _STATES[protocol]:
                yield b" ".join((fields[_LOCAL], fields[_QUEUES], fields[_USER], fields[_INODE]))
            elif self._sorted and protocol is IpProtocol.TCP:
                return

    def _lines(self, name: str) -> Iterator[list[bytes]]:
        """Yield the fields of each line of a table as it is read. One that is not there, as without IPv6, is empty."""
        try:
            descriptor = os.open(f"{self._directory}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            yield from _parsed(_split(descriptor))
        finally:
            os.close(descriptor)


def _split(descriptor: int) -> Iterator[bytes]:
    rest, left = b"", _LARGEST
    while left > 0 and (piece := os.read(descriptor, _PIECE)):
        left -= len(piece)
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    yield rest


def _parsed(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the fields of what has the fields of a line; the heading, and what is garbage, has not."""
    for line in lines:
        fields = line.split(None, 10)
        if len(fields) > _INODE and fields[0].endswith(b":") and len(fields[_STATE]) == 2:
            yield fields


def _end(text: bytes) -> tuple[str, int] | None:
    """Return address and port, None where it is neither."""
    address, _, port = text.partition(b":")
    try:
        number = int(port, 16)
        return (decode_address(address.decode("ascii")), number) if 0 <= number <= 65535 else None
    except (ValueError, struct.error):
        return None


def decode_address(text: str) -> str:
    """Return an address of these tables as people write it: the kernel prints it in words of its own byte order.

    Raises ValueError where it is none.
    """
    if len(text) not in (8, 32):
        raise ValueError(text)
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack(f"{'<' if sys.byteorder == 'little' else '>'}{len(words)}I", *words)
    if len(packed) == 4:
        return socket.inet_ntop(socket.AF_INET, packed)
    if packed[:12] == bytes(10) + b"\xff\xff":
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed)
