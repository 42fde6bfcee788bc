"""`portdash snippet`."""

import click

from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import emit_json, emit_lines
from portdash.config.problems import nearest
from portdash.errors import ExitCode, NoSuchService, UsageError
from portdash.exports.snippets import SNIPPETS, Services, kinds, snippet
from portdash.manager.exporting import own_rows
from portdash.manager.finding import find_service
from portdash.text import clean, columns


@click.command("snippet")
@click.argument("kind", required=False)
@click.argument("service", required=False)
@json_option
@click.pass_obj
def command(options: Globals, *, kind: str | None, service: str | None, as_json: bool) -> int:
    """Print ready-made lines with the ports of this workspace.

    Without KIND the kinds are listed. They are about SERVICE, or the service that is usually called so.
    """
    if kind is None:
        rows = [(name, each.about) for name, each in SNIPPETS.items()]
        if as_json:
            emit_json({"kinds": dict(rows)})
        else:
            emit_lines(columns(rows))
        return ExitCode.YES
    if kind not in SNIPPETS:
        near = nearest(kind, SNIPPETS)
        hint = f"did you mean {near}?" if near else f"there are {kinds()}"
        raise UsageError(f"there is no snippet {clean(kind, limit=40)!r}", hint=hint)
    lines = snippet(kind, _services(options, service))
    if as_json:
        emit_json({"kind": kind, "lines": list(lines)})
    else:
        emit_lines(lines)
    return ExitCode.YES


def _services(options: Globals, service: str | None) -> Services:
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        rows = own_rows(deps, snapshot)
        asked = find_service(snapshot, service).assignment if service is not None else None
    if service and asked is None:
        raise NoSuchService(f"{clean(service)} has no port", hint=f"`portdash allocate {clean(service)}` gives it one")
    if not rows:
        raise NoSuchService("no service here has a port", hint="`portdash init` or `portdash allocate NAME` first")
    return Services(rows, asked)
