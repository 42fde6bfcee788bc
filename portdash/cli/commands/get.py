"""`portdash get NAME`."""

import click

from portdash.cli.context import Globals
from portdash.cli.getting import print_port
from portdash.cli.options import json_option


@click.command("get")
@click.argument("name")
@json_option
@click.pass_obj
def command(options: Globals, *, name: str, as_json: bool) -> int:
    """Print the port of a service.

    NAME may be qualified, as in shop/web. Exit code 3 means that it has none.
    """
    return print_port(options, name, as_json=as_json)
