"""Ending what holds a port: the very processes that were shown, asked politely, and the port seen free afterwards.

Each process is held by a handle before anything is checked, so that none of the checks can be about another process
than the one the signal reaches.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from portdash.machine import signalling
from portdash.machine.checking import check_still_serving, known_pid, to_be_ended
from portdash.machine.proving import SETTLE, gone_already, let_go, prove_free
from portdash.machine.redirecting import use
from portdash.machine.surroundings import Surroundings, holders, rows_of, sharing
from portdash.model.ending import Allowance

if TYPE_CHECKING:
    from portdash.model.plan import Target


def terminate(target: Target, *, grace: float, around: Surroundings, settle: float = SETTLE) -> str:
    """End the target, its group and all who share its socket, wait until the port is free; return one line about it.

    Raises Refused when it is protected, not ours or not the process that was shown, when it has not let go after
    `grace` seconds, or when somebody else listens within `settle` seconds. OSError when the sockets cannot be read.
    """
    if target.container_id is not None:
        from portdash.machine.containers.stopping import stop_container  # noqa: PLC0415  only for containers

        return stop_container(target, grace=grace, sockets=around.sockets)
    if target.tool is not None:
        return _stop_by_tool(target, grace, around, settle)
    pid = known_pid(target)
    group = [each.pid for each in target.group]
    sharers = sorted(sharing(holders(target), rows_of(target, around)))
    with signalling.held([*dict.fromkeys((pid, *group, *sharers))]) as held:
        if pid not in held:
            return gone_already(target, around)
        chosen = to_be_ended(target, held, around)
        if not chosen:
            return gone_already(target, around)
        told = signalling.end(
            [held[each] for each in chosen],
            target,
            kin=around.kin(),
            grace=grace,
            may_kill=lambda: Allowance.KILL in target.allows and bool(rows_of(target, around)),
        )
        if told is None:
            return let_go(target, chosen, grace, around)
        prove_free(target, around, seconds=settle)
    return f"{target.whole} {told}, {target.port} is free"


def _stop_by_tool(target: Target, grace: float, around: Surroundings, settle: float) -> str:
    """Let the tool do it, if it is still the very server that was shown: it acts by name, and asks nothing."""
    assert target.tool is not None
    pid = known_pid(target)
    with signalling.held((pid,)) as held:
        process = around.processes.process(pid)
        if process is None or pid not in held:
            return gone_already(target, around)
        check_still_serving(process, target, sharing(holders(target), rows_of(target, around)))
        started = time.monotonic()
        use(target.tool)
        signalling.survivors([held[pid]], seconds=grace)  # some tools only ask
        took = time.monotonic() - started
        prove_free(target, around, seconds=settle)
    return f"{target.tool.stops} was stopped after {took:.1f}s, {target.port} is free"
