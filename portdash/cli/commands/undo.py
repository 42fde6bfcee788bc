"""`portdash undo`."""

import click

from portdash.cli.carry_out import Ask, carry_out
from portdash.cli.context import Globals
from portdash.cli.options import dry_run_option, json_option, yes_option
from portdash.manager.plans import plan_undo


@click.command("undo")
@dry_run_option
@yes_option
@json_option
@click.pass_obj
def command(options: Globals, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Take back the last change that was made from this workspace.

    Assignments that somebody has changed since stay as they are, and a process that was ended stays ended.
    What got its port by that change and is run by portdash keeps it until `portdash stop NAME` has ended it.
    """
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        plan = plan_undo(deps, snapshot)
        ask = Ask.NEVER if yes else Ask.AT_A_TERMINAL
        way_out = "nothing was changed; `portdash status` shows what stands now"
        return carry_out(deps, snapshot, plan, ask=ask, as_json=as_json, dry_run=dry_run, way_out=way_out)
