"""`portdash logs NAME`."""

import os
import sys
from contextlib import suppress

import click

from portdash.cli.context import Globals, home
from portdash.cli.output import carried, wants_colour
from portdash.config.paths import state_dir
from portdash.errors import ExitCode, NoSuchService
from portdash.manager.finding import find_service
from portdash.supervisor.log_lines import follow, last_lines, shown
from portdash.supervisor.logs import log_path
from portdash.text import clean


@click.command("logs")
@click.argument("name")
@click.option("-f", "--follow", "follows", is_flag=True, help="Go on with what it prints from now on.")
@click.option(
    "-n",
    "--lines",
    "count",
    metavar="N",
    type=click.IntRange(0, 1_000_000),
    default=100,
    help="The latest lines; 100 if not said.",
)
@click.pass_obj
def command(options: Globals, *, name: str, follows: bool, count: int) -> int:
    """Print what a service that was run has printed.

    With its colours on a terminal, and without anything else that a terminal would obey.
    """
    with options.deps() as deps:
        view = find_service(deps.observer.snapshot(), name)
    path = log_path(state_dir(os.environ, home()), view.key)
    if not path.exists():
        raise NoSuchService(
            f"nothing is known of what {clean(view.name)} prints",
            hint=f"`portdash run {clean(view.name)} -- COMMAND` keeps it",
        )
    for line in last_lines(path, count):
        _write(line)
    if follows:
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            for line in follow(path):
                _write(line)
                sys.stdout.flush()
    return ExitCode.YES


def _write(line: bytes) -> None:
    sys.stdout.write(f"{carried(sys.stdout, shown(line, colours=wants_colour(sys.stdout)))}\n")
