"""Which source of sockets this system has: for who looks again and again, and for who acts on what it sees."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from portdash.forks import ForkLock
from portdash.machine.fd_scan import find_holders, link_of
from portdash.machine.netlink_diag import SocketDiag
from portdash.machine.procfs import PROC
from portdash.machine.sockets_kernel import KernelSockets, Reading, Table, by_slot, join, read_all
from portdash.named_tuple import NamedTuple

if TYPE_CHECKING:
    from portdash.machine.sockets_watched import WatchedSockets
    from portdash.model.ports import IpProtocol
    from portdash.model.sockets import Socket
    from portdash.model.sources import SocketSource


class _First(NamedTuple):
    """The first look, from which the second goes on."""

    table: Table
    reading: Reading
    rows: tuple[Socket, ...]


class SystemSockets:
    """Reads all at the first look, and from the second on only what changed. May be asked from several threads.

    `tables` opens what says that something has changed; where that cannot be had, every question goes to the source
    that `otherwise` makes. Of the machinery for the second look a command that looks once pays for nothing.
    """

    def __init__(self, otherwise: Callable[[], SocketSource], *, tables: Callable[[], Table], proc: str = PROC) -> None:
        self._otherwise = otherwise
        self._tables = tables
        self._proc = proc
        self._lock = ForkLock()
        self._first: _First | None = None
        self._watched: WatchedSockets | None = None
        self._pid = os.getpid()
        """Who opened the table: a forked child's answers would be mixed with its parent's."""

    def sockets(self) -> tuple[Socket, ...]:
        """Return every TCP socket in LISTEN and every bound UDP socket. Raises OSError when there is no table."""
        with self._lock:
            if self._pid != os.getpid():
                self._forget()
            if self._first or self._watched:
                try:
                    return self._look_again()
                except OSError as error:  # of no more use; all is read anew
                    _tell(error)
                    self._forget()
            try:
                return self._look_first()
            except OSError as error:
                _tell(error)
            return self._otherwise().sockets()

    def slots(self) -> frozenset[tuple[IpProtocol, int]]:
        """Return the ports of all of them, without a look at whose they are. Raises OSError when there is no table."""
        try:
            table = self._tables()
            try:
                listing = table.dump()
                rows = (listing.row(piece) for piece in listing.pieces())
                return frozenset((row.protocol, row.port) for row in rows if row)
            finally:
                table.close()
        except OSError as error:
            _tell(error)
            return frozenset((row.protocol, row.port) for row in self._otherwise().sockets())

    def _look_first(self) -> tuple[Socket, ...]:
        table = self._tables()
        try:
            reading = read_all(table, proc=self._proc)
        except OSError:
            table.close()
            raise
        rows = reading.sockets()
        self._first = _First(table, reading, rows)
        return rows

    def _look_again(self) -> tuple[Socket, ...]:
        if self._watched is None:
            from portdash.machine.sockets_watched import WatchedSockets  # noqa: PLC0415 (not for who looks once)

            assert self._first is not None
            table, reading, rows = self._first
            self._watched, self._first = WatchedSockets(table, reading, rows, proc=self._proc), None
        return self._watched.sockets()

    def let_go(self) -> None:
        """Close what stays open from look to look; the next look is a first one."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        """Give up what is open; the next look is a first one."""
        self._first = self._watched = None
        self._pid = os.getpid()


def _tell(error: OSError) -> None:
    import logging  # noqa: PLC0415 (3 ms, only where something is odd)

    logging.getLogger(__name__).debug("the table of sockets has to be read anew, or elsewhere: %s", error)


def open_table() -> Table:
    """Return the kernel's short table, or the long ones where it is refused. Raises OSError where there is neither."""
    try:
        table = SocketDiag()
        table.try_out()
    except OSError as error:
        _tell(error)
        from portdash.machine.proc_net import ProcNet  # noqa: PLC0415 (odd sandboxes, modules that are missing)

        return ProcNet()
    return table


def full_sockets() -> SocketSource:
    """Return the source that reads everything each time and remembers nothing: for who acts on what it sees."""
    return KernelSockets(_by_psutil, tables=open_table) if sys.platform == "linux" else _by_psutil()


def system_sockets() -> SocketSource:
    """Return the source for who looks again and again."""
    return SystemSockets(_by_psutil, tables=open_table) if sys.platform == "linux" else _by_psutil()


def bound_sockets() -> tuple[Socket, ...]:
    """Return the TCP sockets that are bound and do not listen, with their processes: who is about to, or forgot to.

    Empty where the kernel does not tell: before Linux 6.8 and elsewhere. Not what a port's being free depends on: a
    server that sets SO_REUSEADDR can have the port of another that did, too.
    """
    if sys.platform != "linux":
        return ()
    try:
        table = SocketDiag()
        rows = table.bound()
    except OSError as error:
        _tell(error)
        return ()
    slots = by_slot(rows)
    holders, _counts = find_holders({link_of(row.inode) for row in rows})
    return tuple(join(slot, slots, holders, {}) for slot in sorted(slots))


def _by_psutil() -> SocketSource:
    from portdash.machine.sockets_psutil import PsutilSockets  # noqa: PLC0415 (on Linux only in odd sandboxes)

    return PsutilSockets()
