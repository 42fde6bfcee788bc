"""`portdash reset`."""

import os

import click

from portdash.cli.carry_out import Ask, agreed, declined, must_ask, refuse_if_read_only
from portdash.cli.context import Globals, home
from portdash.cli.options import json_option, yes_option
from portdash.cli.output import emit_json, emit_lines, say, warn
from portdash.cli.written import tell_outdated
from portdash.config.paths import state_dir
from portdash.errors import ExitCode
from portdash.manager.apply import apply_plan
from portdash.manager.backups import keep_backup
from portdash.manager.exporting import own_rows
from portdash.manager.plans import plan_release
from portdash.report.serialise import plan_json
from portdash.text import and_list, clean, plural


@click.command("reset")
@yes_option
@json_option
@click.pass_obj
def command(options: Globals, *, yes: bool, as_json: bool) -> int:
    """Give back every port of this workspace; a backup is kept.

    Of this workspace and environment, no other. `portdash undo` brings the ports back while they are free. What
    portdash runs has to be ended before: `portdash stop` ends all of it.
    """
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        rows = own_rows(deps, snapshot)
        where = f"{clean(deps.place.workspace.label)} ({clean(deps.place.environment)})"
        if not rows:
            say(f"no service of {where} has a port")
            if as_json:
                emit_json({"plan": None, "backup": None, "applied": False})
            return ExitCode.YES
        plan = plan_release(deps, snapshot, [row.key for row in rows])
        refuse_if_read_only(deps, "reset")
        names = and_list(f"{clean(row.name)} {row.port}" for row in rows)
        say(f"{plural(len(rows), 'port')} of {where} will be given back: {names}")
        for notice in plan.notices:
            warn(notice)
        asked = must_ask(Ask.NEVER if yes else Ask.ALWAYS)
        if asked and not agreed("Give back all of them?"):
            return declined()
        state = state_dir(os.environ, home())
        backup = keep_backup(deps, rows, state=state)
        outcome = apply_plan(deps, plan, snapshot=None if asked else snapshot)
        if as_json:
            emit_json({"plan": plan_json(plan), "backup": str(backup), "applied": True})
        else:
            emit_lines(outcome.lines)
        say(f"backup: {backup} (`portdash undo` brings all of it back, `portdash store import FILE` the ports)")
        tell_outdated(deps)
    return ExitCode.YES
