"""`portdash url NAME`."""

import re

import click

from portdash.cli.context import Globals
from portdash.cli.options import json_option
from portdash.cli.output import emit, emit_json
from portdash.errors import ExitCode, UsageError
from portdash.manager.endpoints import endpoint
from portdash.text import clean


@click.command("url")
@click.argument("name")
@click.option("--scheme", metavar="WORD", default="http", help="http if not said; ws, postgres ...")
@json_option
@click.pass_obj
def command(options: Globals, *, name: str, scheme: str, as_json: bool) -> int:
    """Print the URL of a service.

    As in `curl "$(portdash url api)/health"`: where its server was seen, else the port it has. A service whose URL is
    fixed by the configuration has that one. Exit code 3 means that there is no answer, or that of a stranger.
    """
    if not re.fullmatch(r"[a-z][a-z0-9+.-]{0,30}", scheme):
        raise UsageError(f"{clean(scheme, limit=40)!r} is no scheme", hint="name one such as http, ws or postgres")
    with options.deps() as deps:
        url = endpoint(deps, name, scheme=scheme)
    if as_json:
        emit_json({"name": clean(name), "url": url})
    else:
        emit(url)
    return ExitCode.YES
