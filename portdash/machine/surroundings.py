"""What ending a process needs to know of the machine, and the rows of its socket table that a target is about."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from portdash.machine.kinship import KinTable, system_kin
from portdash.machine.processes import Once, Setting
from portdash.machine.procfs import variables
from portdash.machine.protection import own_pids
from portdash.machine.tree import View
from portdash.record import record

if TYPE_CHECKING:
    from portdash.model.plan import Target
    from portdash.model.sockets import Socket
    from portdash.model.sources import ProcessTable, SocketSource


def psutil_variables(pid: int, names: frozenset[str]) -> Mapping[str, str]:
    """Return these variables that a process was started with, and none else, where there is no /proc."""
    import psutil  # noqa: PLC0415 (20 ms, only where it is the only way)

    try:
        environ = psutil.Process(pid).environ()
    except (psutil.Error, OSError):
        return {}
    return {name: value for name, value in environ.items() if name in names}


@record(kw_only=True)
class Surroundings:
    """What ending a process needs to know of the machine."""

    sockets: SocketSource
    processes: ProcessTable
    setting: Callable[[int], Setting]
    user: str
    """Name of the user we act as."""
    kin: Callable[[], KinTable] = system_kin
    variables: Callable[[int, frozenset[str]], Mapping[str, str]] = (
        variables if sys.platform == "linux" else psutil_variables
    )


def rows_of(target: Target, around: Surroundings) -> list[Socket]:
    """Return the sockets on the port, but for those of others whose end is another step of the same plan."""
    here = (row for row in around.sockets.sockets() if (row.protocol, row.port) == (target.protocol, target.port))
    return [row for row in here if not row.pids or not set(row.pids) <= set(target.beside)]


def holders(target: Target) -> tuple[int, ...]:
    """Return who had the socket when the target was shown."""
    return target.holding or ((target.pid,) if target.pid is not None else ())


def sharing(pids: Collection[int], rows: Collection[Socket]) -> set[int]:
    """Return every process that has one of the sockets of `pids`, these included; those that have none are not."""
    return {other for row in rows if not set(row.pids).isdisjoint(pids) for other in row.pids}


def view_of(target: Target, around: Surroundings) -> View:
    """Take one look at the machine, as far as the target's tree goes."""
    slot = target.protocol, target.port
    return View(
        processes=Once(around.processes),
        kin=around.kin(),
        own=own_pids(around.processes),
        elsewhere=frozenset(
            pid for row in around.sockets.sockets() if (row.protocol, row.port) != slot for pid in row.pids
        ),
    )
