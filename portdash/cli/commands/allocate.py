"""`portdash allocate NAME…`."""

import os
import sys

import click

from portdash.cli.context import Globals, home, working_directory
from portdash.cli.options import json_option, strategy_option
from portdash.cli.output import emit, emit_json, say, warn
from portdash.cli.wish_options import Said, wish_from, wish_options
from portdash.errors import ExitCode, PortdashError, UsageError
from portdash.manager.allocate import Allocation, allocate
from portdash.manager.allocation_log import LogLine
from portdash.manager.wishes import Wish
from portdash.model.assignment import Assignment
from portdash.model.plan import Strategy
from portdash.model.ports import parse_port
from portdash.record import replace
from portdash.text import clean, plural, signed


@click.command("allocate")
@click.argument("names", nargs=-1, required=True, metavar="NAME[=BASE]...")
@wish_options
@strategy_option
@click.option("--explain", is_flag=True, help="Say on stderr which ports were tried, and why they were refused.")
@click.option("--on-failure", type=click.Choice(["default"]), help="Print the first choice where none can be had.")
@json_option
@click.pass_obj
def command(
    options: Globals,
    /,
    *,
    names: tuple[str, ...],
    strategy: str | None,
    explain: bool,
    on_failure: str | None,
    as_json: bool,
    **said: Said,
) -> int:
    """Give services a port; one that has a usable port keeps it.

    All of them get one, or none does. NAME=BASE is short for --base, a service each: `allocate web=5000 api=3000`.
    Prints the port alone, or `NAME PORT` a line for several.
    """
    if on_failure and as_json:
        raise UsageError("--on-failure default prints a bare port", hint="leave out --json, or handle exit code 4")
    wishes = [wish_from(name, said, base=own_base) for name, own_base in _named(names, said["base"] is not None)]
    try:
        found, services = _allocate(options, wishes, strategy, as_json=as_json, explain=explain)
    except PortdashError as error:
        if on_failure is None:
            raise
        return _defaults(options, wishes, error)
    for notice in found.notices:
        warn(notice)
    if as_json:
        emit_json({"assignments": services})
        return ExitCode.YES
    rows = found.assignments
    for row in rows:
        if explain:
            _explain(row)
        emit(str(row.port) if len(rows) == 1 else f"{clean(row.name)} {row.port}")
    return ExitCode.YES


def _allocate(
    options: Globals, wishes: list[Wish], strategy: str | None, *, as_json: bool, explain: bool
) -> tuple[Allocation, list[dict[str, object]]]:
    """Allocate, and for a document look again: what is listening there belongs in it."""
    with options.deps(_say_line if explain else None) as deps:
        found = allocate(deps, wishes, strategy=Strategy(strategy) if strategy else None)
        said = {*deps.config.warnings, *(deps.held.notices if deps.held else ())}
        found = replace(found, notices=tuple(notice for notice in found.notices if notice not in said))
        if not as_json:
            return found, []
        from portdash.report.serialise import service_json  # noqa: PLC0415  scripts mostly want the port alone

        snapshot = deps.observer.snapshot()
        views = (snapshot.service(row.key) for row in found.assignments)
        return found, [service_json(view, snapshot) for view in views if view]


def _named(names: tuple[str, ...], has_base: bool) -> list[tuple[str, int | None]]:
    """Split `web=5000` into name and base. Raises UsageError, InvalidPort."""
    pairs: list[tuple[str, int | None]] = []
    for text in names:
        name, equals, port = text.partition("=")
        if equals and has_base:
            raise UsageError(f"{clean(text)} and --base both name a first port", hint="leave one of them out")
        pairs.append((name, parse_port(port) if equals else None))
    folded = [name.casefold() for name, _ in pairs]
    if len(set(folded)) < len(folded):
        raise UsageError("a service is named twice", hint="name each service once")
    return pairs


def _defaults(options: Globals, wishes: list[Wish], error: PortdashError) -> int:
    """Print what each service asks for first, although it is not reserved; without such a port raise `error`."""
    from portdash.config.loading import load  # noqa: PLC0415  only for what is rare
    from portdash.manager.defaulting import FAILURES, default_for  # noqa: PLC0415

    if not isinstance(error, FAILURES):
        raise error
    config = load(cwd=working_directory(), environ=os.environ, flags=options.flags(), home=home())
    declared = (config.service(wish.name.rpartition("/")[2]) for wish in wishes)
    defaults = [
        default_for(wish, error, known.spec if known else None) for wish, known in zip(wishes, declared, strict=True)
    ]
    warn(f"{error.message}; the default is printed, and it is not reserved")
    for each in defaults:
        emit(str(each.port) if len(wishes) == 1 else f"{clean(each.name)} {each.port}")
    return ExitCode.YES


def _say_line(line: LogLine) -> None:
    say(signed(sys.stderr, line.sign, line.text))


def _explain(row: Assignment) -> None:
    from portdash.report.words import source_phrase, trail  # noqa: PLC0415  only with --explain

    say(f"{row.name}: {row.port} ({source_phrase(row)}) after {plural(row.attempts, 'attempt')}")
    for line in trail(row.reasons):
        say(f"  {line}")
