"""`portdash up`."""

import click

from portdash.cli.context import Globals


@click.command("up")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("-d", "--detach", is_flag=True, help="Leave them running, and come back once all listen.")
@click.pass_obj
def command(options: Globals, *, names: tuple[str, ...], detach: bool) -> int:
    """Start the services that have a command, each behind what it depends on.

    A service is started when those of its `depends_on` listen, and are well where a `health` is declared; a NAME brings
    them along. Each is run as `portdash run` does it, with `replicas` as often as that. What they print stands behind
    their names. One ctrl-c ends all in the reverse order, a second one at once. What runs already is left alone.

    Exit code: 0 when all ended well, or with -d when all listen; 1 when one did not start, which ends the rest, or
    failed; 2 when a command comes from a file that nobody has trusted.
    """
    from portdash.cli.upping import bring_up  # noqa: PLC0415  --help need not load what runs

    return bring_up(options, names, detaches=detach)
