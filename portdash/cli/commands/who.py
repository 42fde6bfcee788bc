"""`portdash who PORT`."""

import click

from portdash.cli.context import Globals
from portdash.cli.holders import detail_lines, holding_json, look_at, verdict_lines
from portdash.cli.options import json_option
from portdash.cli.output import emit_json, emit_lines
from portdash.cli.parameters import read_slot
from portdash.errors import ExitCode


@click.command("who")
@click.argument("port", metavar="PORT[/udp]")
@json_option
@click.pass_obj
def command(options: Globals, *, port: str, as_json: bool) -> int:
    """Show who holds a port.

    Exit code 1 means that nobody does.
    """
    number, protocol = read_slot(port)
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        holding = look_at(deps, snapshot, number, protocol)
    if as_json:
        emit_json(holding_json(holding, snapshot))
    elif holding.holders:
        emit_lines(detail_lines(holding, snapshot))
    else:
        emit_lines(verdict_lines(holding, snapshot))
    return ExitCode.YES if holding.holders else ExitCode.NO
