"""`portdash stop [NAME...]`."""

import click

from portdash.cli.asking import ask_services
from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.manager.supervising import stop


@click.command("stop")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@json_option
@click.pass_obj
def command(options: Globals, *, names: tuple[str, ...], as_json: bool) -> int:
    """End services that portdash runs.

    Those of the names, or without one all of this workspace. Each is asked to end, and its port seen free; what ignores
    that for ten seconds is killed. Exit code 0 means that all have ended; 6 that one is not run by portdash: nobody
    was asked then.
    """
    return ask_services(options, stop, names, as_json=as_json)
