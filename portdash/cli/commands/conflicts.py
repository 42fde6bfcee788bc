"""`portdash conflicts`."""

import click

from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import emit, emit_json, say
from portdash.cli.service_text import conflict_lines
from portdash.errors import ExitCode
from portdash.planning.conflicts import contested
from portdash.report.serialise import conflict_json, stale_json


@click.command("conflicts")
@click.option("--static", is_flag=True, help="Also find services of one workspace that prefer one port.")
@json_option
@click.pass_obj
def command(options: Globals, *, static: bool, as_json: bool) -> int:
    """List where intent and reality disagree, in every workspace of this machine.

    Exit code 1 means that there are conflicts; notices (out_of_range, forbidden) do not count.
    """
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
    conflicts = [*snapshot.conflicts, *(contested(snapshot) if static else ())]
    if as_json:
        found = [conflict_json(conflict, snapshot) for conflict in conflicts]
        emit_json({"conflicts": found, **stale_json(snapshot.stale_since)})
    elif conflicts:
        for line, tone in conflict_lines(snapshot, conflicts):
            emit(line, tone)
    else:
        say("no conflicts")
    return ExitCode.NO if any(not conflict.kind.is_notice for conflict in conflicts) else ExitCode.YES
