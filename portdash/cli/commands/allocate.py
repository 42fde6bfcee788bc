"""`portdash allocate NAME…`."""

import click

from portdash.cli.allocating import allocate_ports, named
from portdash.cli.context import Globals
from portdash.cli.options import json_option, strategy_option
from portdash.cli.wish_options import Said, wish_from, wish_options
from portdash.errors import UsageError


@click.command("allocate")
@click.argument("names", nargs=-1, required=True, metavar="NAME[=BASE]...")
@wish_options
@strategy_option
@click.option("--explain", is_flag=True, help="Say on stderr which ports were tried, and why they were refused.")
@click.option("--on-failure", type=click.Choice(["default"]), help="Print the first choice where none can be had.")
@json_option
@click.pass_obj
def command(
    options: Globals,
    /,
    *,
    names: tuple[str, ...],
    strategy: str | None,
    explain: bool,
    on_failure: str | None,
    as_json: bool,
    **said: Said,
) -> int:
    """Give services a port; one that has a usable port keeps it.

    All of them get one, or none does. NAME=BASE is short for --base, a service each: `allocate web=5000 api=3000`.
    Prints the port alone, or `NAME PORT` a line for several.
    """
    if on_failure and as_json:
        raise UsageError("--on-failure default prints a bare port", hint="leave out --json, or handle exit code 4")
    wishes = [
        wish_from(name, said, base=own_base) for name, own_base in named(names, has_base=said["base"] is not None)
    ]
    return allocate_ports(options, wishes, strategy=strategy, explain=explain, on_failure=on_failure, as_json=as_json)
