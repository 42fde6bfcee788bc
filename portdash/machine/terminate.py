"""Ending what holds a port: the very process that was shown, asked politely, and the port seen free afterwards.

SIGTERM only. The process is held by a handle before anything is checked, so that none of the checks can be about
another process than the one the signal reaches.
"""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass

from portdash.errors import Refused
from portdash.machine.ancestry import is_reaper, parents
from portdash.machine.handles import Handle, hold
from portdash.machine.processes import Setting
from portdash.machine.protection import check_allowed, own_pids
from portdash.model.listener import Process
from portdash.model.plan import Target
from portdash.model.sockets import Socket
from portdash.model.sources import ProcessTable, SocketSource

SETTLE = 1.0
"""Seconds without a listener that prove nobody starts it again."""
_LOOK_EVERY = 0.2
"""Seconds between two looks at the sockets meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What ending a process needs to know of the machine."""

    sockets: SocketSource
    processes: ProcessTable
    setting: Callable[[int], Setting]
    user: str
    """Name of the user we act as."""


def terminate(target: Target, *, grace: float, around: Surroundings, settle: float = SETTLE) -> str:
    """End the target and all who share its socket, wait until the port is free; return one line about it.

    Raises Refused when it is protected, not ours or not the process that was shown, when it has not let go after
    `grace` seconds, or when somebody else listens by then. OSError when the sockets cannot be read.
    """
    if target.container_id is not None:
        from portdash.machine.containers.stopping import stop_container  # noqa: PLC0415  only for containers

        return stop_container(target, grace=grace, sockets=around.sockets)
    pid = _pid(target)
    with ExitStack() as stack:
        try:
            owner = stack.enter_context(closing(hold(pid)))
        except ProcessLookupError:
            return _gone_already(target, around)
        handles = [owner, *_hold_sharers(target, pid, around, stack)]
        keep_watching = _check(target, [handle.pid for handle in handles], around)
        started = time.monotonic()
        for handle in handles:
            _ask(handle, target)
        ended = _all_ended(handles, until=started + grace)
        took = time.monotonic() - started
        if not ended:
            return _let_go(target, {handle.pid for handle in handles}, grace, around)
        _prove_free(target, around, until=time.monotonic() + (settle if keep_watching else 0))
    return f"{target.label} ended after {took:.1f}s, {target.port} is free"


def _pid(target: Target) -> int:
    if target.pid is None:
        raise Refused(
            f"who holds {target.port} may not be read, so it is not ended",
            hint=f"an administrator sees it with `ss -Htulnp sport = :{target.port}`, and whoever runs it can end it",
        )
    if target.pid <= 2:
        raise Refused(f"{target.label} is not ended: it runs the system", hint="stop the unit it serves instead")
    return target.pid


def _gone_already(target: Target, around: Surroundings) -> str:
    if _rows(target, around):
        raise Refused(
            f"{target.label} has ended by itself, and {target.port} is held by another by now",
            hint=f"look again: `portdash who {target.port}`",
        )
    return f"{target.label} had ended already, {target.port} is free"


def _hold_sharers(target: Target, pid: int, around: Surroundings, stack: ExitStack) -> list[Handle]:
    """Take hold of the other processes that have the same sockets; those that end meanwhile are no matter."""
    held: list[Handle] = []
    for other in sorted(_sharing(target, pid, around) - {pid}):
        with suppress(ProcessLookupError):
            held.append(stack.enter_context(closing(hold(other))))
    return held


def _check(target: Target, pids: Sequence[int], around: Surroundings) -> bool:
    """Make sure that all of `pids`, held by now, are who they were and may be ended, else raise Refused.

    Returns whether somebody is above them who might start them again.
    """
    sharing = _sharing(target, pids[0], around)
    own = own_pids(around.processes)
    parent: Process | None = None
    for pid in pids:
        process = around.processes.process(pid)
        if process is None:
            continue  # it has ended, and its handle knows
        if pid == pids[0]:
            _check_identity(process, target)
        if pid not in sharing:
            raise Refused(
                f"{process.label} does not listen on {target.port} any more, so it is not ended",
                hint=f"look again: `portdash who {target.port}`",
            )
        above = parents(around.processes, process)
        check_allowed(process, target, above=above, setting=around.setting(pid), user=around.user, own=own)
        if above and above[0].pid not in pids:
            parent = above[0]
    return parent is None or not is_reaper(parent)


def _check_identity(process: Process, target: Target) -> None:
    if target.ticks and process.ticks:
        same = target.ticks == process.ticks
    elif target.started_at is not None and process.started_at is not None:
        same = abs(target.started_at - process.started_at) < 1
    else:
        same = False
    if not same:
        raise Refused(
            f"pid {process.pid} is not {target.label} any more, so it is not ended",
            hint=f"look again: `portdash who {target.port}`",
        )


def _ask(handle: Handle, target: Target) -> None:
    try:
        handle.ask_to_end()
    except ProcessLookupError:
        return  # ended by itself
    except PermissionError as error:
        raise Refused(
            f"the system does not let us end process {handle.pid} on {target.port}",
            hint="whoever runs it, or an administrator, can end it",
        ) from error


def _all_ended(handles: Collection[Handle], *, until: float) -> bool:
    return all(handle.wait(until - time.monotonic()) for handle in handles)


def _let_go(target: Target, pids: Collection[int], grace: float, around: Surroundings) -> str:
    """Say what became of a target that still runs: what matters is whether it still listens."""
    rows = _rows(target, around)
    if not rows:
        return f"{target.label} let go of {target.port}, which is free, and still runs after {grace:g}s"
    holding = [pid for row in rows for pid in row.pids if pid in pids]
    who = target.label if target.pid in holding or not holding else f"process {holding[0]}, which shares its socket,"
    raise Refused(
        f"{who} has not ended {grace:g}s after it was asked to, and still holds {target.port}",
        hint=f"`kill -KILL {holding[0] if holding else target.pid}` ends it at once, and it saves nothing",
    )


def _prove_free(target: Target, around: Surroundings, *, until: float) -> None:
    """Raise Refused when anybody listens on the port between now and `until`."""
    while True:
        rows = _rows(target, around)
        if rows and not any(row.pids for row in rows):
            time.sleep(_LOOK_EVERY)  # one that appeared during the look has its owner in the next
            rows = _rows(target, around)
        if rows:
            raise _still_held(target, rows, around)
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(_LOOK_EVERY, left))


def _still_held(target: Target, rows: Sequence[Socket], around: Surroundings) -> Refused:
    pid = next((pid for row in rows for pid in row.pids), None)
    process = around.processes.process(pid) if pid else None
    if process is None:
        return Refused(
            f"{target.label} ended, but {target.port} is still held by an owner that may not be read",
            hint=f"look again: `portdash who {target.port}`",
        )
    above = parents(around.processes, process)
    if above and not is_reaper(above[0]) and above[0].pid not in own_pids(around.processes):
        return Refused(
            f"{target.label} ended, and {target.port} was taken again: {above[0].label} started {process.label}",
            hint=f"stop {above[0].label} itself, it starts its server again whenever that ends",
        )
    return Refused(
        f"{target.label} ended, but {process.label} holds {target.port} on {rows[0].address}",
        hint=f"`portdash who {target.port}` says what it is",
    )


def _rows(target: Target, around: Surroundings) -> list[Socket]:
    """Return the sockets on the port, but for those of others whose end is another step of the same plan."""
    here = (row for row in around.sockets.sockets() if (row.protocol, row.port) == (target.protocol, target.port))
    return [row for row in here if not row.pids or not set(row.pids) <= set(target.beside)]


def _sharing(target: Target, pid: int, around: Surroundings) -> set[int]:
    """Return every process that has one of this process's sockets on the port, itself included; none if it has none."""
    return {other for row in _rows(target, around) if pid in row.pids for other in row.pids}
