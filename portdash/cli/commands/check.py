"""`portdash check PORT[/udp]`."""

import click

from portdash.cli.context import Globals
from portdash.cli.holders import holding_json, look_at, verdict_lines
from portdash.cli.options import json_option
from portdash.cli.output import emit_json, emit_lines
from portdash.cli.parameters import read_slot
from portdash.errors import ExitCode


@click.command("check")
@click.argument("port", metavar="PORT[/udp]")
@json_option
@click.pass_obj
def command(options: Globals, *, port: str, as_json: bool) -> int:
    """Say whether a port is free, and who has it if not.

    Exit code 0 is free, 1 is taken.
    """
    number, protocol = read_slot(port)
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        holding = look_at(deps, snapshot, number, protocol)
    if as_json:
        emit_json(holding_json(holding, snapshot))
    else:
        emit_lines(verdict_lines(holding, snapshot))
    return ExitCode.YES if holding.free else ExitCode.NO
