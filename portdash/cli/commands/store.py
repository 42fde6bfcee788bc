"""`portdash store info`, `repair`, `import` and `export`."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from portdash.cli.carry_out import Ask, agreed, declined, must_ask, refuse_if_read_only
from portdash.cli.context import Globals, home, working_directory
from portdash.cli.options import dry_run_option, json_option, yes_option
from portdash.cli.output import Tone, emit, emit_json, emit_lines, say, warn
from portdash.cli.store_text import info_lines, repair_lines
from portdash.config.loading import load
from portdash.config.settings import Config
from portdash.errors import ExitCode, LockedDown, UsageError
from portdash.manager.portmaps import MapPlan, apply_import, entries_of, export_map, plan_import, read_map, write_map
from portdash.manager.store_care import StorePlace, store_place
from portdash.report.serialise import stale_json
from portdash.store.inspection import Inspection, inspect
from portdash.store.projection.portmap import LARGEST
from portdash.store.repair import Repair, repair
from portdash.text import clean, plural

STDIO = "-"
"""Stands for standard input and output in the place of a file."""


@click.group("store")
def command() -> None:
    """Look after the store: info, repair, import, export."""


@command.command("info")
@json_option
@click.pass_obj
def info(options: Globals, *, as_json: bool) -> int:
    """Show where the assignments are kept, how many there are, and whether all is well.

    Every page and row is looked at. Exit code 5 means that something is wrong, or that a server is away.
    """
    config, place = _place(options)
    found = inspect(place.file, read_only=config.read_only) if place.file else None
    problem = found.trouble if found else None
    notices = list(config.warnings)
    revision = found.revision if found else None
    stale_since = None
    if problem is None:
        with options.deps(quiet=True) as deps:  # they are said below
            state = deps.store.snapshot()
        notices += state.notices
        revision, stale_since = state.revision, state.stale_since
    if as_json:
        emit_json({**_document(place, found, revision, notices), **stale_json(stale_since)})
    else:
        emit_lines(info_lines(place, found, revision))
        for notice in notices:
            warn(notice)
        if problem:
            say(f"{problem.message} ({problem.hint})", Tone.BAD)
    return ExitCode.YES if problem is None and stale_since is None else ExitCode.STORE


@command.command("repair")
@yes_option
@json_option
@click.pass_obj
def repair_store(options: Globals, *, yes: bool, as_json: bool) -> int:
    """Make a damaged store anew out of what can still be read of it.

    Row by row, then from its log, then from the newest copy beside it, and from the committed file of a json: store.
    The damaged file is kept beside it, under the name of NAME.corrupt-TIME.
    """
    config, place = _place(options)
    if place.file is None:
        raise UsageError(f"{place.url} keeps no file here", hint="only the file of a SQLite store can be repaired")
    found = inspect(place.file, read_only=config.read_only)
    done = None
    if found.trouble is not None:
        if found.trouble.code != "store_damaged":
            raise found.trouble
        if config.read_only:
            raise LockedDown(f"read-only: {clean(str(found.path), limit=None)} was not repaired")
        say(found.trouble.message, Tone.BAD)
        if must_ask(Ask.NEVER if yes else Ask.ALWAYS) and not agreed("Make it anew out of what is left?"):
            return declined()
        done = repair(place.file, actor="cli")
    committed = _from_committed(options, place) if done else ()
    if as_json:
        emit_json(_repaired(done, committed))
    elif done is None:
        emit(f"nothing to repair: {clean(str(found.path), limit=None)} is {'sound' if found.exists else 'not there'}")
    else:
        emit_lines(repair_lines(done, committed))
    return ExitCode.YES


@command.command("export")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--force", is_flag=True, help="Replace a file that is no map of ports.")
@click.pass_obj
def export(options: Globals, *, file: Path, force: bool) -> int:
    """Write the ports of this workspace to FILE, as a plain map of names to ports; - is standard output."""
    with options.deps() as deps:
        content = export_map(deps)
        if str(file) == STDIO:
            emit_lines(content.decode("ascii").splitlines())
            return ExitCode.YES
        refuse_if_read_only(deps, f"writing {clean(str(file), limit=None)}")
    write_map(file, content, force=force)
    say(f"wrote {clean(str(file), limit=None)}")
    return ExitCode.YES


@command.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@yes_option
@dry_run_option
@json_option
@click.pass_obj
def import_(options: Globals, *, file: Path, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Give the services in FILE, a plain map of names to ports, the ports that it says; - is standard input.

    All of them or none. Services that are not in it stay as they are; a port that another service has, or somebody
    else's server, is refused.
    """
    if str(file) == STDIO:
        entries, name = entries_of(sys.stdin.buffer.read(LARGEST + 1), "standard input"), "standard input"
    else:
        entries, name = read_map(file), clean(str(file), limit=None)
    with options.deps() as deps:
        plan = plan_import(deps, entries, name)
        for note in plan.notes:
            warn(note)
        if not as_json:
            emit_lines(_plan_lines(plan))
        if plan.changes and not dry_run:
            refuse_if_read_only(deps, f"importing {name}")
            if must_ask(Ask.NEVER if yes else Ask.ALWAYS) and not agreed("Apply this?"):
                return declined()
            apply_import(deps, plan)
    if as_json:
        changes = [{"service": each.service, "from": each.before, "to": each.after} for each in plan.changes]
        applied = bool(plan.changes) and not dry_run
        emit_json({"changes": changes, "kept": plan.kept, "notes": list(plan.notes), "applied": applied})
    return ExitCode.YES


def _plan_lines(plan: MapPlan) -> Iterator[str]:
    yield f"import {plan.source}"
    for number, each in enumerate(plan.changes, start=1):
        name = clean(each.service)
        if each.before is None:
            yield f"  {number}. assign {each.after} to {name}"
        else:
            yield f"  {number}. move {name} from {each.before} to {each.after}"
    if not plan.changes:
        yield "  nothing to change"
    elif plan.kept:
        yield f"  {plural(plan.kept, 'service')} of it {'has' if plan.kept == 1 else 'have'} the port already"


def _place(options: Globals) -> tuple[Config, StorePlace]:
    where = home()
    config = load(cwd=working_directory(), environ=os.environ, flags=options.flags(), home=where)
    return config, store_place(config, os.environ, where)


def _from_committed(options: Globals, place: StorePlace) -> tuple[str, ...]:
    """Open the store that was made anew, and return the services that its committed file brought back."""
    if place.committed is None or place.file is None:
        return ()
    with options.deps() as deps:
        state = deps.store.snapshot()
    for notice in state.notices:
        warn(notice)
    return tuple(sorted(row.name for row in state.assignments.values() if row.revision == state.revision))


def _document(
    place: StorePlace, found: Inspection | None, revision: int | None, notices: list[str]
) -> dict[str, object]:
    counts = {f"{table}s": count for table, count in found.counts.items()} if found else {}
    return {
        "url": place.url,
        "path": str(found.path) if found else None,
        "committed_file": str(place.committed) if place.committed else None,
        "exists": found.exists if found else None,
        "size": found.size if found else None,
        "free": found.free if found else None,
        "format": found.format if found else None,
        "revision": revision,
        **counts,
        "integrity": found.verdict if found else "unknown",
        "detail": clean(found.trouble.message, limit=None) if found and found.trouble else None,
        "copies": [str(copy) for copy in found.copies] if found else [],
        "notices": [clean(notice, limit=None) for notice in notices],
    }


def _repaired(done: Repair | None, committed: tuple[str, ...]) -> dict[str, object]:
    if done is None:
        return {"repaired": False}
    return {
        "repaired": True,
        "kept": str(done.kept),
        "recovered": {f"{table}s": count for table, count in done.recovered.items()},
        "from_log": list(done.from_log),
        "from_copy": list(done.from_copy),
        "copy": str(done.copy) if done.copy else None,
        "from_committed_file": list(committed),
        "lost": {f"{table}s": count for table, count in done.lost.items()},
        "cut": list(done.cut),
    }
