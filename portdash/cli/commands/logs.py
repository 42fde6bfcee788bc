"""`portdash logs`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from portdash.cli.context import Globals, home
from portdash.cli.output import carried, wants_colour
from portdash.cli.reading_on import pause
from portdash.config.paths import state_dir
from portdash.errors import ExitCode, NoSuchService
from portdash.manager.finding import find_service
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.supervisor.log_lines import LogReader, shown
from portdash.supervisor.logs import log_path
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.cli.prefixed import Prefixed

_POLL = 0.1
"""Seconds between two looks at the files; a look that finds nothing costs some microseconds."""

Write = Callable[[Sequence[bytes]], None]
"""Writes lines of one service."""


@click.command("logs")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("-f", "--follow", "follows", is_flag=True, help="Go on with what they print from now on.")
@click.option(
    "-n",
    "--lines",
    "count",
    metavar="N",
    type=click.IntRange(0, 1_000_000),
    default=100,
    help="The latest lines of each; 100 if not said.",
)
@click.pass_obj
def command(options: Globals, *, names: tuple[str, ...], follows: bool, count: int) -> int:
    """Print what services that were run have printed; without a NAME, all of this workspace.

    Lines of several stand behind their names. With their colours on a terminal, and without anything else that a
    terminal would obey.
    """
    with options.deps() as deps:
        views = _views(deps.observer.snapshot(), names)
    with ExitStack() as stack:
        logs = [
            (stack.enter_context(closing(reader)), view)
            for reader, view in _opened(views, count, are_named=bool(names))
        ]
        writers = _writers([view.name for _, view in logs])
        pairs = [(reader, write) for (reader, _), write in zip(logs, writers, strict=True)]
        for reader, write in pairs:
            write(reader.read() if follows else [*reader.read(), *reader.rest()])
        if follows:
            with suppress(KeyboardInterrupt):
                _follow(pairs)
    return ExitCode.YES


def _views(snapshot: Snapshot, names: Sequence[str]) -> list[ServiceView]:
    if names:
        return list({view.key: view for name in names for view in [find_service(snapshot, name)]}.values())
    here = (snapshot.workspace, snapshot.environment)
    return [view for view in snapshot.services if (view.key.workspace, view.key.environment) == here]


def _opened(views: Sequence[ServiceView], count: int, *, are_named: bool) -> list[tuple[LogReader, ServiceView]]:
    """Open the logs of these services. Raises NoSuchService for one that was named and has none, or where none has."""
    state = state_dir(os.environ, home())
    found = []
    for view in views:
        try:
            found.append((LogReader(log_path(state, view.key), count), view))
        except FileNotFoundError:
            if are_named:
                raise _unknown(clean(view.name)) from None
    if not found:
        raise _unknown("any service here")
    return found


def _unknown(what: str) -> NoSuchService:
    return NoSuchService(
        f"nothing is known of what {what} prints", hint="what `portdash run` or `portdash up` has started is kept"
    )


def _writers(names: Sequence[str]) -> list[Write]:
    """Return what writes each one's lines: behind its name where there are several."""
    if len(names) == 1:
        return [_write]
    from portdash.cli.prefixed import Prefixed  # noqa: PLC0415  only for several

    output = Prefixed(names)
    return [partial(_write_behind, output, name) for name in names]


def _write_behind(output: Prefixed, name: str, lines: Sequence[bytes]) -> None:
    output.write(name, lines, sys.stdout)


def _write(lines: Sequence[bytes]) -> None:
    if lines:
        colours = wants_colour(sys.stdout)
        sys.stdout.write(carried(sys.stdout, "".join(f"{shown(line, colours=colours)}\n" for line in lines)))


def _follow(pairs: Sequence[tuple[LogReader, Write]]) -> None:
    """Write what comes, without end."""
    while True:
        is_quiet = True
        for reader, write in pairs:
            lines = reader.read()
            write(lines)
            is_quiet = is_quiet and not lines
        sys.stdout.flush()
        if is_quiet:
            pause(_POLL, sys.stdout)
