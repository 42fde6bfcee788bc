"""Which plans this very process is at: one that it has left needs no crash to be settled."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import getpid

from portdash.machine.living import lives
from portdash.manager.deps import Deps
from portdash.model.kept import PlanRecord

_PLANS: set[str] = set()
"""Ids of the plans that threads of this process are at."""
if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_PLANS.clear)  # the child has none of those threads


@contextmanager
def at_work(plan: str) -> Iterator[str]:
    """Let it be known that this process is at a plan; yield its id as it was given."""
    _PLANS.add(plan)
    try:
        yield plan
    finally:
        _PLANS.discard(plan)


def is_left(deps: Deps, plan: PlanRecord) -> bool:
    """Say whether nobody is at a plan any more: its maker has ended, or is this process and could not write the end."""
    if plan.id in _PLANS:
        return False
    return plan.pid == getpid() or not lives(deps.machine, plan)
