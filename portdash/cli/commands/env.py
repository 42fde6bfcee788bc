"""`portdash env`."""

import os
from collections.abc import Iterator, Sequence

import click

from portdash.cli.context import Globals, home
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, say
from portdash.cli.written import project_directory, shown
from portdash.config.paths import state_dir
from portdash.errors import ExitCode
from portdash.exports.comparing import Compared, Freshness, Standing, compare_environment
from portdash.manager.deps import Deps
from portdash.manager.exporting import EnvFile, export_variables, freshness
from portdash.manager.written import written_files
from portdash.text import and_list, clean, columns

_TONES = {Standing.SAME: Tone.PLAIN, Standing.UNSET: Tone.WARNING}
_SAID = {Freshness.CURRENT: "up to date", Freshness.OLDER: "older than the store", Freshness.MISSING: "not there"}
Files = Sequence[tuple[EnvFile, Freshness]]


@click.command("env")
@click.option("--check", is_flag=True, help="Exit with 1 where the environment or a written file is not as the store.")
@json_option
@click.pass_obj
def command(options: Globals, *, check: bool, as_json: bool) -> int:
    """Hold the environment and the written files against the store.

    Shows each variable of this workspace as it is in this environment and as it is in the store. NEXT_PORT changes
    with every project, and is shown without being judged.
    """
    with options.deps() as deps:
        variables = export_variables(deps, deps.observer.snapshot())
        compared = compare_environment(variables, os.environ)
        project = project_directory(deps)
        known = written_files(state_dir(os.environ, home()), deps.place, project=project)
        files = [(each, freshness(each, variables, project=project)) for each in known]
    good = all(each.standing is Standing.SAME or not each.counts for each in compared) and all(
        state is Freshness.CURRENT for _, state in files
    )
    if as_json:
        emit_json({"current": good, **_document(compared, files)})
    else:
        _text(compared, files)
        if not good:
            for line in _way_out(deps, compared, files):
                say(line)
    return ExitCode.NO if check and not good else ExitCode.YES


def _text(compared: Sequence[Compared], files: Files) -> None:
    rows = [("VARIABLE", "ENVIRONMENT", "STORE", "")]
    for each in compared:
        found = "-" if each.in_environment is None else clean(each.in_environment, limit=60)
        rows.append((each.name, found, each.in_store or "-", each.standing.value))
    heading, *lines = columns(rows)
    emit(heading, Tone.HEADING)
    for line, each in zip(lines, compared, strict=True):
        emit(line, _TONES.get(each.standing, Tone.BAD) if each.counts else Tone.PLAIN)
    for file, state in files:
        emit(f"{shown(file.path)}: {_SAID[state]}", Tone.PLAIN if state is Freshness.CURRENT else Tone.BAD)


def _way_out(deps: Deps, compared: Sequence[Compared], files: Files) -> Iterator[str]:
    """Yield what to do about it."""
    if gone := [each.name for each in compared if each.standing is Standing.GONE]:
        yield f"no service has {and_list(gone)} any more: `unset {' '.join(gone)}`"
    if any(state is not Freshness.CURRENT for _, state in files):
        yield "`portdash export` writes the files anew; then source them again"
    elif any(each.counts and each.standing in (Standing.UNSET, Standing.DIFFERS) for each in compared):
        script = project_directory(deps) / "port_exports.sh"
        name = shown(script)
        source = f". {'./' if name == script.name else ''}{name}"
        command = source if script.is_file() else 'eval "$(portdash export --format sh)"'
        yield f"`{command}` brings this shell up to date"


def _document(compared: Sequence[Compared], files: Files) -> dict[str, object]:
    return {
        "variables": [
            {
                "name": each.name,
                "environment": None if each.in_environment is None else clean(each.in_environment),
                "store": each.in_store,
                "state": each.standing.value,
            }
            for each in compared
        ],
        "files": [{"path": str(file.path), "format": file.form.value, "state": state.value} for file, state in files],
    }
