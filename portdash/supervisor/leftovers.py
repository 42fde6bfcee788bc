"""What a child leaves running that is not of its group: a daemon that forked twice, a worker with its own session."""

from dataclasses import replace

from portdash.errors import PortdashError
from portdash.manager.deps import Deps
from portdash.model.orphan import Orphan
from portdash.supervisor.orders import Ready
from portdash.text import and_list, clean

_NAMED = 4
"""Processes that are named; of more only the number is told."""


def end_leftovers(deps: Deps, ready: Ready, *, grace: float) -> tuple[str, ...]:
    """End those of the run that still have its port, and return what there is to say, a line each.

    The others are named and left alone: that they inherited its mark does not say that nobody wants them.
    """
    try:
        return tuple(line for each in deps.machine.orphans({ready.token}) for line in _end(deps, ready, each, grace))
    except (OSError, PortdashError) as error:
        return (f"warning: what it left behind cannot be told: {clean(str(error))}",)


def _end(deps: Deps, ready: Ready, left: Orphan, grace: float) -> list[str]:
    row, lines = ready.row, []
    serving = {
        pid
        for each in deps.machine.listeners()
        if (each.protocol, each.port) == (row.key.protocol, row.port)
        for pid in each.pids
    }
    ended = tuple(each for each in left.processes if each.pid in serving)
    if ended:
        line = deps.machine.end_orphan(replace(left, processes=ended), grace=grace)
        lines.append(f"{clean(row.name)} had left its port to another process of its own: {clean(line)}")
    others = [clean(each.label) for each in left.processes if each not in ended]
    if others:
        more = [f"{len(others) - _NAMED} more"] if len(others) > _NAMED else []
        lines.append(f"left running, though {clean(row.name)} started it: {and_list([*others[:_NAMED], *more])}")
    return lines
