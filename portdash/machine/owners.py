"""What psutil leaves out on Linux: all processes that share a socket, and the user of a socket with hidden owner."""

import os
from collections.abc import Collection, Iterable

from portdash.machine.connections import Slot
from portdash.machine.fd_scan import find_holders
from portdash.machine.proc_net import ProcNet
from portdash.machine.procfs import PROC, open_file

Descriptor = tuple[int, int]
"""Pid and number of an open file."""


def sharers(sockets: Iterable[Descriptor]) -> dict[Descriptor, set[int]]:
    """Return, for each open socket, every process that has it open; sockets that are gone by now are left out.

    psutil names one process a socket, and of a server that forks after listen() that is the last child.
    """
    if not os.path.isdir(f"{PROC}/self/fd"):  # noqa: PTH112 (pathlib costs five times as much)
        return {}
    links = {each: link for each in sockets if (link := open_file(each[0], each[1]))}
    found, _counts = find_holders(frozenset(links.values()))
    return {each: {each[0], *found.get(link, ())} for each, link in links.items()}


def hidden_uids(slots: Collection[Slot], *, proc: str = PROC) -> dict[Slot, int]:
    """Return the user of each socket of `slots`, from the tables that every user may read."""
    try:
        rows = ProcNet(proc=proc).dump().rows()
    except OSError:
        return {}
    found = {(row.protocol, row.address, row.port): row.uid for row in rows}
    return {slot: uid for slot, uid in found.items() if slot in slots}
