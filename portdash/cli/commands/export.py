"""`portdash export`."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from portdash.cli.context import Globals, working_directory
from portdash.cli.options import force_option, json_option
from portdash.cli.output import emit_json, warn
from portdash.cli.written import project_directory, tell
from portdash.errors import ExitCode, UsageError
from portdash.exports.formats import ExportFormat, format_for, render
from portdash.exports.variables import Variable
from portdash.manager.deps import Deps
from portdash.manager.exporting import EnvFile, Written, default_files, export_variables, own_rows, write_files
from portdash.model.snapshot import Snapshot
from portdash.text import clean


@click.command("export")
@click.option("--format", "form", type=click.Choice([each.value for each in ExportFormat]), help="How it is written.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write it into FILE.")
@force_option
@json_option
@click.pass_obj
def command(options: Globals, *, form: str | None, output: Path | None, force: bool, as_json: bool) -> int:
    """Write this workspace's ports as environment variables.

    Without --format into `.env`, `.env.compose` and `port_exports.sh` of the project: each keeps its other lines. With
    --format to standard output, as in `eval "$(portdash export --format sh)"`, or into FILE; without --format the name
    of FILE says how.
    """
    if as_json and form and output is None:
        raise UsageError("--json and --format both say what is printed", hint="leave one of them out")
    with options.deps() as deps:
        snapshot = deps.observer.snapshot()
        variables = export_variables(deps, snapshot)
        if form and output is None:
            sys.stdout.write(render(variables, ExportFormat(form)))
            _warn_of_nothing(deps, snapshot)
            return ExitCode.YES
        project = project_directory(deps)
        files = default_files(project) if output is None else (_named(output, form),)
        written = write_files(deps, files, variables, project=project, force=force)
        tell(deps, written)
        _warn_of_nothing(deps, snapshot)
    if as_json:
        emit_json(_document(variables, written))
    return ExitCode.YES


def _warn_of_nothing(deps: Deps, snapshot: Snapshot) -> None:
    """Say that no service has a port, where none has: in the wrong environment all else looks as usual."""
    if not own_rows(deps, snapshot):
        where = f"no service of {deps.place.workspace.name} has a port in {deps.place.environment}"
        warn(f"{clean(where)}: `portdash allocate NAME` gives it one")


def export_all(deps: Deps, project: Path, *, force: bool) -> tuple[Written, ...]:
    """Write the three usual files as the store is now, and say so."""
    variables = export_variables(deps, deps.observer.snapshot())
    written = write_files(deps, default_files(project), variables, project=project, force=force)
    tell(deps, written)
    return written


def _named(output: Path, form: str | None) -> EnvFile:
    path = working_directory() / output
    name = clean(str(output), limit=None)
    if path.is_dir():
        raise UsageError(f"{name} cannot be written: it is a directory", hint="name a file with -o")
    if not path.parent.is_dir():
        hint = "make it, or name another file with -o"
        raise UsageError(f"{name} cannot be written: there is no such directory", hint=hint)
    return EnvFile(path, ExportFormat(form) if form else format_for(output.name))


def _document(variables: Sequence[Variable], written: Sequence[Written]) -> dict[str, object]:
    return {
        "variables": {each.name: each.value for each in variables},
        "files": [
            {"path": str(each.file.path), "format": each.file.form.value, "changed": each.changed} for each in written
        ],
    }
