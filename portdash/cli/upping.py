"""The terminal's side of `up` and `run --replicas`: the command line of each part's `run`, and their output."""

import sys
from collections.abc import Callable, Sequence
from functools import partial

from portdash.cli.context import Globals
from portdash.cli.output import talk, warn
from portdash.cli.prefixed import Prefixed
from portdash.manager.deps import Deps
from portdash.planning.start_order import Part
from portdash.supervisor.background import PROGRAM
from portdash.supervisor.handing import check_can_hand
from portdash.supervisor.progress import Course
from portdash.supervisor.together import bring_up as bring_together
from portdash.supervisor.together import parts_of, place_all
from portdash.supervisor.up import Stage


def bring_up(options: Globals, names: Sequence[str], *, detaches: bool) -> int:
    """Start the services that are named, or all; return the exit code."""
    check_can_hand("`up`")
    with options.deps() as deps:
        parts = parts_of(deps, names)
        for notice in place_all(deps, parts):
            warn(notice)
        return start_together(deps, parts, partial(_run_line, options), detaches=detaches)


def start_together(deps: Deps, parts: Sequence[Part], line: Callable[[str], Sequence[str]], *, detaches: bool) -> int:
    """Start the parts, `line` being what follows `portdash` for each; return the exit code."""
    output = Prefixed([part.name for part in parts])
    stage = Stage(
        command=lambda name: (*PROGRAM, *line(name)),
        hear=output.hear,
        say=talk,
        tell=Course().tell,
        stays=not detaches,
    )
    done = bring_together(deps, parts, stage)
    if detaches:
        for part in parts:
            if part.name in done.ports:
                sys.stdout.write(f"{part.name} {done.ports[part.name]}\n")
    return done.code


def _run_line(options: Globals, name: str) -> tuple[str, ...]:
    return (*options.flags().arguments(), "run", name)
