"""`portdash report`."""

import sys
from pathlib import Path

import click

from portdash.cli.clipboard import copy as copy_text
from portdash.cli.context import Globals, home
from portdash.cli.options import json_option
from portdash.cli.output import carried, say
from portdash.errors import ExitCode, UsageError
from portdash.health.looks import passive_verdicts
from portdash.manager.finding import find_service
from portdash.model.snapshot import Snapshot
from portdash.planning.judging import with_health
from portdash.report.formats import ReportFormat, render
from portdash.report.record import record_of
from portdash.report.redaction import Redaction
from portdash.report.scope import Scope
from portdash.store.schema import EVENTS_KEPT
from portdash.text import clean


@click.command("report")
@click.option("--format", "form", type=click.Choice([each.value for each in ReportFormat]), help="Text if not said.")
@click.option("--scope", "about", metavar="SERVICE|workspace|all", default="workspace", help="What it is about.")
@click.option("--copy", is_flag=True, help="Put it on the clipboard as well.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it to FILE instead.")
@click.option("--no-redact", is_flag=True, help="Keep the home directory and secrets in it.")
@json_option
@click.pass_obj
def command(
    options: Globals, *, form: str | None, about: str, copy: bool, output: Path | None, no_redact: bool, as_json: bool
) -> int:
    """Write the summary report.

    It says of each service which port it has, how it got it, who holds it, and what is wrong. Arguments of processes
    are not in it; the home directory reads `~`, and secrets are masked.
    """
    if as_json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} exclude each other", hint="leave one of them out")
    wanted = ReportFormat.JSON if as_json else ReportFormat(form or "text")
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        snapshot = with_health(snapshot, passive_verdicts(snapshot))
        scope = _scope(snapshot, about)
        away = snapshot.stale_since is not None  # then nobody can be asked for the history
        events = None if away else deps.store.events(limit=EVENTS_KEPT)
    record = None if events is None else record_of(reversed(events), snapshot, scope)
    text = render(snapshot, scope, wanted, Redaction(home=str(home()), enabled=not no_redact), record=record)
    if output is not None:
        _write(output, text)
    else:
        sys.stdout.write(carried(sys.stdout, text) + "\n")
    if copy:
        say(copy_text(text))
    return ExitCode.YES


def _scope(snapshot: Snapshot, about: str) -> Scope:
    if about == "all":
        return Scope()
    if about == "workspace":
        return Scope(workspace=snapshot.workspace)
    return Scope(service=find_service(snapshot, about).key)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"the report cannot be written to {clean(str(path))}: {error.strerror}", hint="name another file with -o"
        ) from error
    say(f"written to {path}")
