"""Whether the processes that are held by now are still those that were shown, and may be ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from portdash.errors import Refused
from portdash.machine.ancestry import parents, topmost
from portdash.machine.protection import check_allowed, own_pids
from portdash.machine.surroundings import holders, rows_of, sharing, view_of
from portdash.machine.tree import tree_of

if TYPE_CHECKING:
    from portdash.machine.surroundings import Surroundings
    from portdash.model.listener import Process
    from portdash.model.plan import Target


def known_pid(target: Target) -> int:
    """Return the pid of a target that a signal may reach. Raises Refused for any other, with what does it instead."""
    if target.pid is None:
        raise Refused(
            f"who holds {target.port} may not be read, so it is not ended",
            hint=f"an administrator sees it with `ss -Htulnp sport = :{target.port}`, and whoever runs it can end it",
        )
    if target.pid <= 2:
        raise Refused(f"{target.label} is not ended: it runs the system", hint="stop the unit it serves instead")
    return target.pid


def check_identity(process: Process, target: Target) -> None:
    """Raise Refused unless this is the very process that the target is about."""
    if not _is_same(process, ticks=target.ticks, started_at=target.started_at) or not _looks_the_same(process, target):
        raise Refused(
            f"pid {process.pid} is not {target.label} any more, so it is not ended",
            hint=f"look again: `portdash who {target.port}`",
        )


def check_still_serving(process: Process, target: Target, sharing: Collection[int]) -> None:
    """Raise Refused unless this is the very process that the target is about, and among those that have the socket."""
    check_identity(process, target)
    if process.pid not in sharing:
        raise Refused(
            f"{process.label} does not listen on {target.port} any more, so it is not ended",
            hint=f"look again: `portdash who {target.port}`",
        )


def to_be_ended(target: Target, held: Collection[int], around: Surroundings) -> tuple[int, ...]:
    """Return which of the `held` processes get the signal, in the order in which they do.

    Those that have the socket now, and those that were shown and are still what was shown. Raises Refused when the
    server is another by now, has let go of the port, or when one of them must not be ended: then none is.
    """
    rows = rows_of(target, around)
    now = sharing(holders(target), rows)
    shown = {each.pid: each for each in target.group}
    belongs = _tree_now(target, now, around) if shown else frozenset()
    own = own_pids(around.processes)
    chosen: list[int] = []
    for pid in _in_order(held, shown):
        process = around.processes.process(pid)
        if process is None:
            continue  # it has ended, and its handle knows
        if pid == target.pid:
            check_still_serving(process, target, now)
        elif pid not in now and not (pid in belongs and is_shown(process, shown.get(pid))):
            continue
        above = parents(around.processes, process)
        check_allowed(process, target, above=above, setting=around.setting(pid), user=around.user, own=own)
        chosen.append(pid)
    return tuple(chosen)


def _in_order(held: Collection[int], shown: Mapping[int, Process]) -> list[int]:
    """Who starts others again is told first."""
    return [*(pid for pid in shown if pid in held), *(pid for pid in held if pid not in shown)]


def _tree_now(target: Target, now: Collection[int], around: Surroundings) -> frozenset[int]:
    """Return all that belongs to those who have the socket, as it is at this moment."""
    view = view_of(target, around)
    found: set[int] = set()
    for row in rows_of(target, around):
        owner = topmost(view.processes, set(row.pids) & set(now))
        if owner is not None:
            found.update(each.pid for each in tree_of(owner, row.pids, view).members)
    return frozenset(found)


def is_shown(process: Process, before: Process | None) -> bool:
    """Say whether this is the very process that was shown `before`, None where none was."""
    return (
        before is not None
        and _is_same(process, ticks=before.ticks, started_at=before.started_at)
        and (process.user, process.name) == (before.user, before.name)
    )


def _looks_the_same(process: Process, target: Target) -> bool:
    """Compare user and program too: two processes that start within one tick may have one pid."""
    before: Iterable[Process] = (each for each in target.group if each.pid == process.pid)
    return all((each.user, each.name) == (process.user, process.name) for each in before)


def _is_same(process: Process, *, ticks: int, started_at: float | None) -> bool:
    if ticks and process.ticks:
        return ticks == process.ticks
    if started_at is not None and process.started_at is not None:
        return abs(started_at - process.started_at) < 1
    return False
