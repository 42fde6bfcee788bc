"""`portdash move NAME [PORT]`."""

import click

from portdash.cli.carry_out import Ask, carry_out
from portdash.cli.context import Globals
from portdash.cli.options import dry_run_option, json_option
from portdash.cli.parameters import read_port
from portdash.manager.allocate import draft
from portdash.manager.finding import find_service
from portdash.manager.plans import plan_move


@click.command("move")
@click.argument("name")
@click.argument("port", required=False, callback=read_port)
@dry_run_option
@json_option
@click.pass_obj
def command(options: Globals, *, name: str, port: int | None, dry_run: bool, as_json: bool) -> int:
    """Move a service to another port.

    To PORT, or without it to the next best one. Services that inherit its port move with it.
    """
    with options.deps() as deps:
        snapshot, plan = draft(deps, lambda snapshot: plan_move(deps, snapshot, find_service(snapshot, name).key, port))
        way_out = "`portdash check PORT` says who has a port; without PORT the next best one is taken"
        return carry_out(deps, snapshot, plan, ask=Ask.NEVER, as_json=as_json, dry_run=dry_run, way_out=way_out)
