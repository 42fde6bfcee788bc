"""The stage for `run --replicas`: several instances of one service, each by a `run` of its own."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from portdash.cli.context import Globals, working_directory
from portdash.cli.output import say
from portdash.cli.running import Stage, command_of
from portdash.cli.upping import start_together
from portdash.errors import LockedDown, UsageError
from portdash.manager.allocate import allocate
from portdash.manager.wishes import Wish
from portdash.model.names import base_name, instance_names
from portdash.model.plan import Strategy
from portdash.planning.start_order import Part
from portdash.supervisor.child import CannotStart, find
from portdash.supervisor.handing import check_can_hand
from portdash.text import clean


def run_replicas(options: Globals, wish: Wish, stage: Stage, replicas: int) -> int:
    """Run so many instances of a service; return the exit code."""
    check_can_hand("`run --replicas`")
    name = wish.name.rpartition("/")[2]
    if stage.another or base_name(name) != name:
        raise UsageError("--replicas counts from the service itself", hint="name it without @, and leave out --another")
    names = instance_names(wish.name, replicas)
    with options.deps() as deps:
        if deps.config.read_only:
            raise LockedDown("read-only: nothing is run")
        command, cwd = command_of(deps, wish, stage, working_directory())
        try:
            find(command[0], os.environ, cwd)
        except CannotStart as error:
            say(f"portdash: error: {clean(str(error))}")
            return error.status
        strategy = Strategy(stage.strategy) if stage.strategy else None
        allocate(deps, [replace(wish, name=each) for each in names], strategy=strategy)
        numbers = {each: number for number, each in enumerate(names, 1)}
        parts = [Part(each) for each in names]
        return start_together(deps, parts, lambda each: _line(sys.argv[1:], numbers[each]), detaches=stage.detaches)


def _line(arguments: Sequence[str], number: int) -> tuple[str, ...]:
    """Return our own arguments for one of the instances."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return (*arguments[:end], "--instance", str(number), *arguments[end:])
