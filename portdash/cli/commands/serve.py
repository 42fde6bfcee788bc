"""`portdash serve`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from portdash.cli.context import Globals, home
from portdash.cli.output import emit, say
from portdash.config.paths import runtime_dir, state_dir
from portdash.errors import ConfigError, Refused, UsageError
from portdash.manager.extras import missing_packages
from portdash.manager.log_handler import LogHandler
from portdash.model.ports import parse_port
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.api.publishing import Tcp
    from portdash.api.settings import TokenSource
    from portdash.config.sections import ApiConfig

ANY = "any"
"""What --tcp says without a port."""


@click.command("serve")
@click.option("--tcp", is_flag=False, flag_value=ANY, metavar="[PORT]", help="Also on loopback: 8081, or PORT alone.")
@click.option("--uds", type=click.Path(path_type=Path), metavar="PATH", help="Where the Unix socket is made.")
@click.option("--open-read", is_flag=True, help="Tell lists and figures without the token.")
@click.option("--allow-kill", is_flag=True, help="Let clients with the token end processes.")
@click.pass_obj
def command(options: Globals, *, tcp: str | None, uds: Path | None, open_read: bool, allow_kill: bool) -> None:
    """Serve the HTTP API, to this user on this machine alone.

    On a Unix socket that nobody else can open; with --tcp on 127.0.0.1 and ::1, too. Where 8081 is taken another port
    is found; it is printed, and `portdash get default/portdash-api` says it. Every request needs the token that
    `portdash token path` leads to. Ctrl+C ends it.
    """
    _need_extra()
    from portdash.api.serving import serve  # noqa: PLC0415  the only door to litestar

    with options.deps() as deps:
        config = deps.config.api
        wanted = _tcp(tcp, config)
        path = _unix(uds, config)
        if path is None and wanted is None:
            raise UsageError("this system has no Unix sockets", hint="`portdash serve --tcp` serves on loopback")
        with _logging_to_stderr(debug=options.debug or deps.config.debug):
            serve(
                deps,
                token=_token(config, read_only=deps.config.read_only),
                uds=path,
                tcp=wanted,
                open_read=open_read or config.open_read,
                allow_kill=allow_kill or config.allow_kill,
                ready=lambda port: _announce(port, path),
            )
    say("the server has ended")


def _need_extra() -> None:
    """Raise ConfigError where what the API is made with is not installed."""
    if missing := missing_packages("api"):
        raise ConfigError(
            f"the HTTP API needs {' and '.join(missing)}, which is not installed",
            hint="python -m pip install 'portdash[api]'",
        )


def _tcp(said: str | None, config: ApiConfig) -> Tcp | None:
    from portdash.api.publishing import Tcp  # noqa: PLC0415  see above

    if said is None:
        return None
    return Tcp(port=config.port) if said == ANY else Tcp(port=parse_port(said), is_fixed=True)


def _unix(said: Path | None, config: ApiConfig) -> Path | None:
    from portdash.api.sockets import NAME, has_unix_sockets  # noqa: PLC0415  see above

    if not has_unix_sockets():
        return None
    chosen = said.absolute() if said else Path(config.uds) if config.uds else None
    return chosen or runtime_dir(os.environ, home()) / NAME


def _token(config: ApiConfig, *, read_only: bool) -> TokenSource:
    """Return the token in force. Raises Refused for one that others could know."""
    from portdash.api.token import TokenFile, ensure_token, given_token, read_token, token_path  # noqa: PLC0415

    if config.token is not None:
        return given_token(config.token)
    path = token_path(state_dir(os.environ, home()))
    if not read_only:
        ensure_token(path)
        return TokenFile(path)
    try:
        read_token(path)
    except FileNotFoundError as error:
        raise Refused("there is no token yet, and read-only none is made", hint="`portdash token rotate`") from error
    return TokenFile(path)


def _announce(port: int | None, path: Path | None) -> None:
    """Say where it is served, now that it is."""
    if port is not None:
        emit(f"http://localhost:{port}")
    if path is not None:
        emit(f"unix:{clean(str(path), limit=None)}")
    sys.stdout.flush()


@contextmanager
def _logging_to_stderr(*, debug: bool) -> Iterator[None]:
    """Let the server tell what it does, a line a request, while inside."""
    if debug:  # everything is told already
        yield
        return
    # What uvicorn has to say of a client we tell ourselves; what breaks in it we do not.
    levels = {"portdash": logging.WARNING, "portdash.api": logging.INFO, "uvicorn": logging.ERROR}
    handler = LogHandler(sys.stderr)
    before = [(logger, logger.level, logger.propagate) for logger in map(logging.getLogger, levels)]
    for logger, _, _ in before:
        logger.setLevel(levels[logger.name])
        if "." not in logger.name:
            logger.addHandler(handler)
            logger.propagate = False
    try:
        yield
    finally:
        for logger, level, propagates in before:
            logger.setLevel(level)
            logger.removeHandler(handler)
            logger.propagate = propagates
