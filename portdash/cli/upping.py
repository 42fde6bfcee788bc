"""The stage for `up`: which parts there are, the command line of each one's `run`, and their output."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from functools import partial

from portdash.cli.context import Globals
from portdash.cli.output import talk, warn
from portdash.cli.prefixed import Prefixed
from portdash.errors import LockedDown, UsageError
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish
from portdash.model.names import base_name
from portdash.planning.start_order import Part, sharers, start_order
from portdash.supervisor.background import PROGRAM
from portdash.supervisor.declared import check_trusted
from portdash.supervisor.handing import check_can_hand
from portdash.supervisor.up import Stage, Up
from portdash.text import clean


def bring_up(options: Globals, names: Sequence[str], *, detaches: bool) -> int:
    """Start the services that are named, or all; return the exit code."""
    check_can_hand("`up`")
    with options.deps() as deps:
        if deps.config.read_only:
            raise LockedDown("read-only: nothing is started")
        parts = start_order(deps.config.services, [_here(deps, name) for name in names])
        if not parts:
            raise UsageError("no service has a command", hint="`portdash add NAME --command …` declares one")
        for part in parts:
            declared = deps.config.service(base_name(part.name))
            assert declared is not None
            check_trusted(declared)
        # All at once, and first: each finds the ports of the others in its environment, and who is faster is no matter.
        named = [part.name for part in parts]
        placed = (*named, *sharers(deps.config.services, named))
        for notice in allocate(deps, [Wish(name=name) for name in placed]).notices:
            warn(notice)
        return start_together(deps, parts, partial(_run_line, options), detaches=detaches)


def start_together(deps: Deps, parts: Sequence[Part], line: Callable[[str], Sequence[str]], *, detaches: bool) -> int:
    """Start the parts, `line` being what follows `portdash` for each; return the exit code."""
    output = Prefixed([part.name for part in parts])
    stage = Stage(command=lambda name: (*PROGRAM, *line(name)), hear=output.hear, say=talk, stays=not detaches)
    up = Up(deps, parts, stage)
    code = asyncio.run(up.run())
    if detaches:
        for part in parts:
            if part.name in up.ports:
                sys.stdout.write(f"{part.name} {up.ports[part.name]}\n")
    return code


def _here(deps: Deps, name: str) -> str:
    """Return the bare name of a service of this workspace. Raises UsageError for another one's."""
    where, slash, bare = name.rpartition("/")
    workspace = deps.place.workspace
    if slash and where.casefold() not in (workspace.name.casefold(), workspace.label.casefold()):
        raise UsageError(
            f"{clean(name)} is a service of another workspace", hint="go there, its commands are declared in its files"
        )
    return bare


def _run_line(options: Globals, name: str) -> tuple[str, ...]:
    return (*options.flags().arguments(), "run", name)
