"""`portdash status`."""

from collections.abc import Iterator

import click

from portdash.cli.context import Globals, say_unknown_workspace
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, emit_lines, warn
from portdash.cli.service_text import conflict_lines, detection_lines, elsewhere_lines, qualified, service_lines
from portdash.errors import PortdashError
from portdash.health.looks import passive_verdicts
from portdash.model.snapshot import Snapshot
from portdash.planning.candidates import next_available
from portdash.planning.judging import with_health
from portdash.report.redaction import mask_secrets
from portdash.report.scope import Scope
from portdash.report.serialise import status_json
from portdash.report.words import staleness
from portdash.text import clean


@click.command("status")
@click.option("--all", "everywhere", is_flag=True, help="Show the services of every workspace.")
@click.option("--markdown", is_flag=True, help="Print a table for a document: service, port, purpose.")
@json_option
@click.pass_obj
def command(options: Globals, *, everywhere: bool, markdown: bool, as_json: bool) -> None:
    """Show the services of this workspace, their ports and who holds them.

    Health is what the kernel and containers' engines say, without a packet; `portdash health` asks the services.
    """
    with options.deps(quiet=not (as_json or markdown)) as deps:  # the text says it at its end
        if not (as_json or markdown):
            say_unknown_workspace(deps)
        snapshot, config = deps.observer.snapshot(), deps.config
        snapshot = with_health(snapshot, passive_verdicts(snapshot))
    scope = Scope(workspace=None if everywhere else snapshot.workspace)
    following = _next_available(snapshot)
    if as_json:
        emit_json(status_json(snapshot, scope=scope, next_available=following))
    elif markdown:
        emit_lines(_markdown(snapshot, scope, following))
    else:
        _text(snapshot, scope, following, list(elsewhere_lines(config)))


def _text(snapshot: Snapshot, scope: Scope, following: int | None, elsewhere: list[str]) -> None:
    emit(clean(scope.label(snapshot)), Tone.HEADING)
    for line, tone in service_lines(snapshot, scope):
        emit(line, tone)
    if elsewhere:
        emit()
        emit("Elsewhere", Tone.HEADING)
        emit_lines(f"  {line}" for line in elsewhere)
    conflicts = scope.conflicts(snapshot)
    if conflicts:
        emit()
        emit("Conflicts", Tone.HEADING)
        for line, tone in conflict_lines(snapshot, conflicts):
            emit(f"  {line}", tone)
    emit()
    emit("Detection", Tone.HEADING)
    emit_lines(f"  {line}" for line in list(detection_lines(snapshot, scope)) or ["nothing of it is running"])
    if snapshot.hidden_owners:
        emit(f"  owners not readable: {snapshot.hidden_owners} (they belong to other users)")
    emit()
    emit(f"Environment: {clean(snapshot.environment)}")
    stale = staleness(snapshot)
    store = f"Store: {clean(mask_secrets(snapshot.store_url))} (revision {snapshot.revision}"
    emit(f"{store}; {stale})" if stale else f"{store})", Tone.WARNING if stale else Tone.PLAIN)
    emit(f"Next Available Port: {following if following is not None else 'none'}")
    for notice in snapshot.notices:
        warn(notice)


def _markdown(snapshot: Snapshot, scope: Scope, following: int | None) -> Iterator[str]:
    yield "| Service | Port | Purpose |"
    yield "|---------|------|---------|"
    for view in scope.services(snapshot):
        cells = (qualified(view, snapshot), str(view.port) if view.port is not None else "", clean(view.spec.purpose))
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""
    yield f"**Next Available Port**: {following if following is not None else 'none'}"


def _next_available(snapshot: Snapshot) -> int | None:
    try:
        return next_available(snapshot)
    except PortdashError:
        return None
