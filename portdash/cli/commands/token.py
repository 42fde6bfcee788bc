"""`portdash token rotate` and `path`."""

import os
from pathlib import Path

import click

from portdash.cli.context import Globals, home
from portdash.cli.options import json_option
from portdash.cli.output import emit, emit_json, say, warn
from portdash.config.paths import state_dir
from portdash.errors import LockedDown, Refused
from portdash.text import clean


@click.group("token")
def command() -> None:
    """Look after the token of the HTTP API: rotate, path."""


@command.command("rotate")
@click.pass_obj
def rotate(options: Globals) -> None:
    """Put a new token in the place of the old one, which is worth nothing from this moment on.

    A server that runs takes it over by itself. No token is ever printed: `portdash token path` says where it is.
    """
    from portdash.api.token import rotate_token  # noqa: PLC0415  --help reads no token

    if options.read_only:
        raise LockedDown("read-only: the token was not rotated")
    path = _path()
    try:
        rotate_token(path)
    except OSError as error:
        raise Refused(
            f"the token in {clean(str(path))} cannot be written: {error.strerror}", hint="make room there"
        ) from error
    say(f"there is a new token in {clean(str(path), limit=None)}")
    if os.environ.get("PORTDASH_TOKEN"):
        warn("PORTDASH_TOKEN is set, and counts instead of it")


@command.command("path")
@json_option
def path(*, as_json: bool) -> None:
    """Print the file in which the token is, as in `curl -H "Authorization: Bearer $(cat "$(portdash token path)")"`."""
    where = clean(str(_path()), limit=None)
    if as_json:
        emit_json({"path": where})
    else:
        emit(where)


def _path() -> Path:
    from portdash.api.token import token_path  # noqa: PLC0415  see above

    return token_path(state_dir(os.environ, home()))
