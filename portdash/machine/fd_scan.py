"""Who has a socket open: the links of /proc/PID/fd, read through the open directory."""

import errno
import os
from collections.abc import Collection, Container

from portdash.machine.procfs import PROC
from portdash.named_tuple import NamedTuple

Holders = dict[str, dict[int, str]]
"""For each socket, as the link `socket:[inode]`, the processes that have it open, and under which number."""
Counts = dict[int, int | None]
"""For each process how many files it has open; None where it may not be looked into."""
_OURS = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM))
"""What says nothing of the other process: to call its sockets hidden would be wrong."""


class Scan(NamedTuple):
    """What one process has open."""

    found: dict[str, str]
    """Each socket that was asked for, and the number it has."""
    files: int
    """Open files of all kinds."""


def link_of(inode: int) -> str:
    """Return what an open socket is called in /proc."""
    return f"socket:[{inode}]"


def all_pids(*, proc: str = PROC) -> list[int]:
    """Return every process we may know of, the youngest first; none where there is no /proc."""
    try:
        names = os.listdir(proc)  # noqa: PTH208
    except OSError as error:
        _blame(error)
        return []
    return sorted((int(name) for name in names if name.isdecimal()), reverse=True)


def scan(pid: int, wanted: Container[str], *, proc: str = PROC) -> Scan | None:
    """Look for sockets among what a process has open; None when it is gone, or hides it.

    Raises OSError where we are short of something ourselves.
    """
    try:
        directory = os.open(f"{proc}/{pid}/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        _blame(error)
        return None
    try:
        return _scan(directory, wanted)
    except OSError as error:  # it ended meanwhile
        _blame(error)
        return None
    finally:
        os.close(directory)


def _scan(directory: int, wanted: Container[str]) -> Scan:
    found: dict[str, str] = {}
    numbers = os.listdir(directory)
    for number in numbers:
        try:
            link = os.readlink(number, dir_fd=directory)
        except OSError:  # closed meanwhile
            continue
        if link in wanted:
            found[link] = number
    return Scan(found, len(numbers))


def find_holders(wanted: Collection[str], *, proc: str = PROC) -> tuple[Holders, Counts]:
    """Look through all processes; return who has what, and how many files each of them has open."""
    holders: Holders = {}
    counts: Counts = {}
    for pid in all_pids(proc=proc) if wanted else ():
        seen = scan(pid, wanted, proc=proc)
        counts[pid] = seen.files if seen else None
        for link, number in seen.found.items() if seen else ():
            holders.setdefault(link, {})[pid] = number
    return holders, counts


def has_open(pid: int, number: str, link: str, *, proc: str = PROC) -> bool:
    """Say whether a process still has a socket open, under the number it had."""
    try:
        return os.readlink(f"{proc}/{pid}/fd/{number}") == link  # noqa: PTH115
    except OSError as error:
        _blame(error)
        return False


def _blame(error: OSError) -> None:
    if error.errno in _OURS:
        raise error
