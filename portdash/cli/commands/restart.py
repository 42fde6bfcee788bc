"""`portdash restart [NAME...]`."""

import click

from portdash.cli.asking import ask_services
from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.manager.supervising import restart


@click.command("restart")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option
@click.pass_obj
def command(options: Globals, *, names: tuple[str, ...], as_json: bool) -> int:
    """Start services that portdash runs again, on the ports they have.

    Those of the names, or without one all of this workspace. Exit code 0 means that all listen again; 1 that one does
    not; 6 that one is not run by portdash: nobody was asked then.
    """
    return ask_services(options, restart, names, as_json=as_json)
