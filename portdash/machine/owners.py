"""What psutil leaves out on Linux: all processes that share a socket, and the user of a socket with hidden owner."""

import os
import socket
import struct
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from portdash.machine.procfs import PROC, open_file, open_files, read
from portdash.model.ports import IpProtocol

Descriptor = tuple[int, int]
"""Pid and number of an open file."""
Slot = tuple[IpProtocol, str, int]

_TABLES = (("tcp", IpProtocol.TCP), ("tcp6", IpProtocol.TCP), ("udp", IpProtocol.UDP), ("udp6", IpProtocol.UDP))
_LARGEST_TABLE = 64 * 1024 * 1024


def sharers(sockets: Iterable[Descriptor]) -> dict[Descriptor, set[int]]:
    """Return, for each open socket, every process that has it open; sockets that are gone by now are left out.

    psutil names one process a socket, and of a server that forks after listen() that is the last child.
    """
    if not os.path.isdir(f"{PROC}/self/fd"):  # noqa: PTH112 (pathlib costs five times as much)
        return {}
    links = {each: link for each in sockets if (link := open_file(each[0], each[1]))}
    found = holders(links.values())
    return {each: found[link] | {each[0]} for each, link in links.items()}


def holders(sockets: Iterable[str]) -> defaultdict[str, set[int]]:
    """Find who has these sockets (as `socket:[inode]`) open, among all processes we may look into."""
    wanted = frozenset(sockets)
    found: defaultdict[str, set[int]] = defaultdict(set)
    for name in os.listdir(PROC) if wanted else ():  # noqa: PTH208
        if name.isdigit():
            for link in open_files(int(name)).intersection(wanted):
                found[link].add(int(name))
    return found


def hidden_uids(slots: Collection[Slot], *, directory: str = f"{PROC}/net") -> dict[Slot, int]:
    """Return the user of each socket of `slots`, from the tables that every user may read."""
    found: dict[Slot, int] = {}
    for name, protocol in _TABLES:
        data = read(f"{directory}/{name}", _LARGEST_TABLE) or b""
        wanted = {port: b":%04X" % port for kind, _, port in slots if kind is protocol}
        if not any(text in data for text in wanted.values()):
            continue
        for address, port, uid in _rows(data, protocol):
            if (protocol, address, port) in slots:
                found[protocol, address, port] = uid
    return found


def _rows(data: bytes, protocol: IpProtocol) -> Iterator[tuple[str, int, int]]:
    """Yield address, port and uid of the listening rows of one table."""
    state = b"0A" if protocol is IpProtocol.TCP else b"07"
    for line in data.splitlines()[1:]:
        fields = line.split(None, 8)
        if len(fields) < 8 or fields[3] != state:
            continue
        address, _, port = fields[1].partition(b":")
        yield decode_address(address.decode("ascii")), int(port, 16), int(fields[7])


def decode_address(text: str) -> str:
    """Return an address of these tables as people write it: the kernel prints it in words of its own byte order."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack(f"{'<' if sys.byteorder == 'little' else '>'}{len(words)}I", *words)
    if len(packed) == 4:
        return socket.inet_ntop(socket.AF_INET, packed)
    if packed[:12] == bytes(10) + b"\xff\xff":
        return socket.inet_ntop(socket.AF_INET, packed[12:])
    return socket.inet_ntop(socket.AF_INET6, packed)
