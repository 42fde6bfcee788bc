"""`portdash url NAME`."""

import re

import click

from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import emit, emit_json
from portdash.errors import ExitCode, NoSuchService, UsageError
from portdash.manager.finding import find_service
from portdash.model.snapshot import Snapshot
from portdash.text import clean


@click.command("url")
@click.argument("name")
@click.option("--scheme", metavar="WORD", default="http", help="http if not said; ws, postgres ...")
@json_option
@click.pass_obj
def command(options: Globals, *, name: str, scheme: str, as_json: bool) -> int:
    """Print the URL of a service.

    As in `curl "$(portdash url api)/health"`. A service whose URL is fixed by the configuration has that one. Exit code
    3 means that it has no port.
    """
    with options.deps() as deps:
        fixed = None if "/" in name else deps.config.url_of(name)
        url = fixed or _url(deps.observer.snapshot(), name, scheme)
    if as_json:
        emit_json({"name": clean(name), "url": url})
    else:
        emit(url)
    return ExitCode.YES


def _url(snapshot: Snapshot, name: str, scheme: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9+.-]{0,30}", scheme):
        raise UsageError(f"{clean(scheme, limit=40)!r} is no scheme", hint="name one such as http, ws or postgres")
    view = find_service(snapshot, name)
    if view.assignment is None:
        raise NoSuchService(f"{clean(name)} has no port", hint=f"`portdash allocate {clean(name)}` gives it one")
    return view.assignment.url(scheme)
