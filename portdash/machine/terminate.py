"""Ending what holds a port: the very processes that were shown, asked politely, and the port seen free afterwards.

Each process is held by a handle before anything is checked, so that none of the checks can be about another process
than the one the signal reaches.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from portdash.machine import signalling
from portdash.machine.checking import check_still_serving, known_pid, to_be_ended
from portdash.machine.proving import SETTLE, gone_already, let_go, prove_free
from portdash.machine.redirecting import use
from portdash.machine.surroundings import Surroundings, holders, rows_of, sharing
from portdash.model.ending import Allowance

if TYPE_CHECKING:
    from portdash.machine.handles import Handle
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
        line = _end([held[each] for each in chosen], target, grace, around)
        if line is None:
            return let_go(target, chosen, grace, around)
        prove_free(target, around, seconds=settle)
    return f"{line}, {target.port} is free"


def _end(handles: Sequence[Handle], target: Target, grace: float, around: Surroundings) -> str | None:
    """End all of these; return how that went, None when some are left that do not have to be there no more."""
    kin = around.kin()
    stopped = [handle.pid for handle in handles if handle.pid in kin and kin[handle.pid].is_stopped]
    started = time.monotonic()
    signalling.ask(handles, stopped, target)
    left = signalling.survivors(handles, seconds=grace)
    took = time.monotonic() - started
    if not left:
        return f"{target.whole} ended after {took:.1f}s"
    if Allowance.KILL not in target.allows or not rows_of(target, around):
        return None
    signalling.kill(left, target)
    if signalling.survivors(left, seconds=signalling.KILLING):
        return None
    return f"{target.whole} did not end within {grace:g}s and was killed"


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
