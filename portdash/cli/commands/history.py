"""`portdash history`."""

from datetime import datetime

import click

from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, emit_lines, say
from portdash.errors import NoSuchService
from portdash.manager.recalling import history
from portdash.report.history import HEADINGS, cells, event_json
from portdash.text import clean, columns


@click.command("history")
@click.option("--service", metavar="S", help="Show what happened to this service.")
@click.option("--limit", metavar="N", type=click.IntRange(1, 100_000), default=20, show_default=True, help="At most.")
@click.option("--all", "everywhere", is_flag=True, help="Show what happened in every workspace.")
@json_option
@click.pass_obj
def command(options: Globals, *, service: str | None, limit: int, everywhere: bool, as_json: bool) -> None:
    """Show who changed what, when and why.

    The newest stands first; times are those of this machine's clock and time zone.
    """
    with options.deps() as deps:
        events = history(deps, service=service, everywhere=everywhere, limit=limit)
        here, host = deps.place.workspace.name, deps.place.host
        labels = {each.name: each.label for each in deps.store.snapshot().workspaces}
    if not events and service is not None:
        hint = "`portdash history --all` shows what happened elsewhere"
        raise NoSuchService(f"nothing is known of {clean(service)}", hint=hint)
    if as_json:
        emit_json({"events": [event_json(event) for event in events]})
        return
    if not events:
        say("nothing has happened yet")
        return
    rows = [cells(event, when=_local(event.at), here=here, host=host, labels=labels) for event in events]
    heading, *lines = columns([HEADINGS, *rows])
    emit(heading, Tone.HEADING)
    emit_lines(lines)


def _local(at: float) -> str:
    """Return a time as the reader's clock has it, `2025-03-04T12:02:13+01:00`; `-` where it is no time at all."""
    try:
        return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return "-"
