"""`portdash init`."""

from collections.abc import Iterator
from pathlib import Path

import click

from portdash.cli.carry_out import refuse_if_read_only
from portdash.cli.commands.export import export_all
from portdash.cli.context import Globals, home
from portdash.cli.options import force_option, json_option
from portdash.cli.output import Tone, emit, emit_json, emit_lines, say, warn
from portdash.cli.written import project_directory, shown
from portdash.config.presets import PRESETS
from portdash.errors import ExitCode
from portdash.manager.allocate import Allocation, allocate
from portdash.manager.deps import Deps
from portdash.manager.exporting import Written, check_files, default_files, export_variables, following_port
from portdash.manager.starting import chosen_preset, declare, starting_wishes, will_place, withdrawn_on_failure
from portdash.model.snapshot import Snapshot
from portdash.report.serialise import service_json
from portdash.text import and_list, clean, columns


@click.command("init", epilog="\b\n" + "\n".join(f"{name:<12}{text}" for name, text in PRESETS.items()))
@click.option("--preset", type=click.Choice(list(PRESETS)), help="The starter set; see below.")
@force_option
@json_option
@click.pass_obj
def command(options: Globals, *, preset: str | None, force: bool, as_json: bool) -> int:
    """Declare a starter set of services, give them ports, and write the env files.

    Without a portdash.toml one is written from the preset, classic if none is named; one that is there is never
    changed, and what it declares gets ports. All services get one, or none does. Doing it twice changes nothing.
    """
    preset, path = _declare(options, preset, force=force)
    with withdrawn_on_failure(path), options.deps() as deps:
        found = _allocate(deps, preset)
    with options.deps() as deps:
        written = export_all(deps, project_directory(deps), force=force)
        snapshot = deps.observer.snapshot()
    following = following_port(snapshot)
    if as_json:
        emit_json(_document(snapshot, found, following, written))
    else:
        emit_lines(_table(found))
        emit(f"Next Available Port: {following if following is not None else 'none'}")
    return ExitCode.YES


def _declare(options: Globals, preset: str | None, *, force: bool) -> tuple[str | None, Path | None]:
    """Choose the preset, and write its project file where there is none; nothing before all files can be written."""
    with options.deps() as deps:
        refuse_if_read_only(deps, "init")
        preset = chosen_preset(deps.config, preset)
        project = project_directory(deps)
        snapshot = deps.observer.snapshot()
        check_files(
            default_files(project),
            export_variables(deps, snapshot),
            project=project,
            force=force,
            as_they_will_be=not will_place(deps, snapshot, preset),
        )
        if preset is None or deps.config.project_file is not None:
            return preset, None
        path = declare(preset, project=project, home=home())
    say(f"{shown(path)} written from the preset {preset}")
    return preset, path


def _allocate(deps: Deps, preset: str | None) -> Allocation:
    wishes, undeclared = starting_wishes(deps, deps.observer.snapshot(), preset)
    found = allocate(deps, wishes)
    for notice in found.notices:
        warn(notice)
    if undeclared and deps.config.project_file:
        file = shown(deps.config.project_file)
        say(f"{file} stays as it is: {and_list(map(clean, undeclared))} got ports without being declared there")
    return found


def _table(found: Allocation) -> Iterator[str]:
    rows = sorted(found.assignments, key=lambda row: (row.port, row.key))
    heading, *lines = columns(
        [("SERVICE", "PORT", "PURPOSE"), *((clean(row.name), str(row.port), clean(row.spec.purpose)) for row in rows)]
    )
    emit(heading, Tone.HEADING)
    yield from lines


def _document(
    snapshot: Snapshot, found: Allocation, following: int | None, written: tuple[Written, ...]
) -> dict[str, object]:
    views = (snapshot.service(row.key) for row in found.assignments)
    return {
        "assignments": [service_json(view, snapshot) for view in views if view],
        "next_available": following,
        "files": [str(each.file.path) for each in written],
    }
