"""What `portdash allocate` does, however its arguments were read."""

import os
import sys
from collections.abc import Sequence

from portdash.cli.context import Globals, home, working_directory
from portdash.cli.output import emit, emit_json, say, warn
from portdash.errors import ExitCode, PortdashError, UsageError
from portdash.manager.allocate import Allocation, allocate
from portdash.manager.allocation_log import LogLine
from portdash.manager.wishes import Wish
from portdash.model.assignment import Assignment
from portdash.model.plan import Strategy
from portdash.model.ports import parse_port
from portdash.record import replace
from portdash.text import clean, plural, signed


def allocate_ports(
    options: Globals,
    wishes: list[Wish],
    *,
    strategy: str | None = None,
    explain: bool = False,
    on_failure: str | None = None,
    as_json: bool = False,
) -> int:
    """Give services their ports, print these, and return the exit code. Raises PortdashError."""
    try:
        found, document = _allocate(options, wishes, strategy, as_json=as_json, explain=explain)
    except PortdashError as error:
        if on_failure is None:
            raise
        return _defaults(options, wishes, error)
    for notice in found.notices:
        warn(notice)
    if as_json:
        emit_json(document)
        return ExitCode.YES
    rows = found.assignments
    for row in rows:
        if explain:
            _explain(row)
        emit(str(row.port) if len(rows) == 1 else f"{clean(row.name)} {row.port}")
    return ExitCode.YES


def named(names: Sequence[str], *, has_base: bool = False) -> list[tuple[str, int | None]]:
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


def _allocate(
    options: Globals, wishes: list[Wish], strategy: str | None, *, as_json: bool, explain: bool
) -> tuple[Allocation, dict[str, object]]:
    """Allocate, and for a document look again: what is listening there belongs in it."""
    with options.deps(_say_line if explain else None) as deps:
        found = allocate(deps, wishes, strategy=Strategy(strategy) if strategy else None)
        said = {*deps.config.warnings, *(deps.held.notices if deps.held else ())}
        found = replace(found, notices=tuple(notice for notice in found.notices if notice not in said))
        if not as_json:
            return found, {}
        from portdash.report.serialise import service_json, stale_json  # noqa: PLC0415  scripts want the port alone

        snapshot = deps.observer.snapshot()
        views = (snapshot.service(row.key) for row in found.assignments)
        services = [service_json(view, snapshot) for view in views if view]
        return found, {"assignments": services, **stale_json(snapshot.stale_since)}


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
