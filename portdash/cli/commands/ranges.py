"""`portdash ranges`."""

import click

from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, emit_lines, warn
from portdash.planning.utilisation import utilisation
from portdash.report.markdown import table
from portdash.report.ranges import HEADINGS, notices, range_json, row
from portdash.text import columns


@click.command("ranges")
@click.option("--markdown", is_flag=True, help="Print a table for a document.")
@json_option
@click.pass_obj
def command(options: Globals, *, markdown: bool, as_json: bool) -> None:
    """Show the ranges of ports by type, and how full they are.

    The last line is the sequential search, for services that ask for nothing. USED is assigned or listened on; UNUSABLE
    is what no service of the type would be given: reserved by the system, blocked by browsers, out of bounds.
    """
    with options.deps() as deps:
        uses = utilisation(deps.observer.snapshot())
    if as_json:
        emit_json({"ranges": [range_json(use) for use in uses], "notices": list(notices(uses))})
        return
    rows = [row(use) for use in uses]
    if markdown:
        emit_lines(table(tuple(word.capitalize() for word in HEADINGS), tuple(rows)))
    else:
        heading, *lines = columns([HEADINGS, *rows])
        emit(heading, Tone.HEADING)
        emit_lines(lines)
    for notice in notices(uses):
        warn(notice)
