"""Whether a port is free once its holder has ended, and who has it if not."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from portdash.errors import NotEnded, Refused
from portdash.machine.ancestry import is_reaper, parents, unit_of
from portdash.machine.protection import own_pids
from portdash.machine.redirecting import unit_tool
from portdash.machine.surroundings import rows_of
from portdash.model.ending import Allowance, spelled

if TYPE_CHECKING:
    from portdash.machine.surroundings import Surroundings
    from portdash.model.plan import Target
    from portdash.model.sockets import Socket

SETTLE = 1.0
"""Seconds without a listener that prove nobody starts it again."""
_LOOK_EVERY = 0.2
"""Seconds between two looks at the sockets meanwhile."""


def gone_already(target: Target, around: Surroundings) -> str:
    """Say that there was nothing to do. Raises Refused when somebody else has the port by now."""
    if rows_of(target, around):
        raise Refused(
            f"{target.label} has ended by itself, and {target.port} is held by another by now",
            hint=f"look again: `portdash who {target.port}`",
        )
    return f"{target.label} had ended already, {target.port} is free"


def let_go(target: Target, pids: Collection[int], grace: float, around: Surroundings) -> str:
    """Say what became of a target that still runs: what matters is whether it still listens."""
    rows = rows_of(target, around)
    if not rows:
        return f"{target.label} let go of {target.port}, which is free, and still runs after {grace:g}s"
    holding = [pid for row in rows for pid in row.pids if pid in pids]
    who = target.label if target.pid in holding or not holding else f"process {holding[0]}, which shares its socket,"
    if Allowance.KILL in target.allows:
        raise Refused(
            f"{who} still holds {target.port} after it was killed: the kernel waits for something on its behalf",
            hint=f"`portdash who {target.port}` says what it is; a device or a network drive may not answer",
        )
    pid = holding[0] if holding else target.pid
    raise NotEnded(
        f"{who} has not ended {grace:g}s after it was asked to, and still holds {target.port}",
        hint=f"`portdash free {target.port} --force` kills it, as `kill -KILL {pid}` does, and it saves nothing",
    )


def prove_free(target: Target, around: Surroundings, *, seconds: float) -> None:
    """Raise Refused when anybody listens on the port within so many seconds from now."""
    until = time.monotonic() + seconds
    while True:
        rows = rows_of(target, around)
        if rows and not any(row.pids for row in rows):
            time.sleep(_LOOK_EVERY)  # one that appeared during the look has its owner in the next
            rows = rows_of(target, around)
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
    setting = around.setting(process.pid)
    if (unit := unit_of(setting.cgroup)) and (tool := unit_tool(setting)):
        return Refused(
            f"{target.label} ended, and {target.port} was taken again: the unit {unit} started {process.label}",
            hint=f"`{spelled(tool)}` stops it",
        )
    return Refused(
        f"{target.label} ended, but {process.label} holds {target.port} on {rows[0].address}",
        hint=f"`portdash who {target.port}` says what it is",
    )
