"""`portdash compose check`."""

import os
from pathlib import Path

import click

from portdash.cli.context import Globals, working_directory
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, say
from portdash.cli.written import project_directory, shown
from portdash.errors import ExitCode, UsageError
from portdash.exports.block import plain_settings
from portdash.exports.compose_check import Finding, Owner, check_compose
from portdash.exports.compose_file import LARGEST, published_ports, too_large
from portdash.machine.files import read_small
from portdash.manager.deps import Deps
from portdash.manager.exporting import export_variables, own_rows
from portdash.model.snapshot import Snapshot
from portdash.report.scope import workspace_label
from portdash.text import and_list, plural

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""In the order in which docker looks for them; beside the first found, its override file counts as well."""


@click.group("compose")
def command() -> None:
    """Check the ports of compose files."""


@command.command("check")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def check(options: Globals, *, files: tuple[Path, ...], as_json: bool) -> int:
    """Hold the published ports of compose files against the assignments.

    Without FILE the files that docker compose would take. Exit code 1 means that something is wrong: a port that is
    another service's or published twice, one that is not the service's own, a variable that no service exports.
    """
    with options.deps() as deps:
        here = [working_directory() / file for file in files] or _found(project_directory(deps))
        snapshot = deps.observer.snapshot()
        published = {shown(file): published_ports(_read(file), name=shown(file)) for file in here}
        findings = check_compose(
            published,
            variables=export_variables(deps, snapshot),
            elsewhere={**_settings(here[0].parent / ".env"), **os.environ},
            owners=_owners(snapshot, deps),
        )
    wrong = [each for each in findings if not each.kind.is_notice]
    if as_json:
        emit_json({"files": [str(file) for file in here], "findings": [_json(each) for each in findings]})
    else:
        for each in findings:
            tone = Tone.WARNING if each.kind.is_notice else Tone.BAD
            emit(f"{each.file}:{each.line}: {each.service}: {each.kind.value}: {each.detail}", tone)
        names, count = and_list(published), sum(map(len, published.values()))
        said = f"{plural(len(wrong), 'thing')} to put right" if wrong else "nothing is wrong"
        say(f"{said} with {plural(count, 'published port')} of {names}")
    return ExitCode.NO if wrong else ExitCode.YES


def _found(directory: Path) -> list[Path]:
    """Return what docker compose would take in a directory. Raises UsageError when there is nothing."""
    for name in NAMES:
        if (directory / name).exists():
            stem, ending = name.rsplit(".", 1)
            overrides = (directory / f"{stem}.override.{each}" for each in (ending, "yaml", "yml"))
            return [directory / name, *[each for each in overrides if each.exists()][:1]]
    raise UsageError(f"there is no compose file in {shown(directory)}", hint="name one: `portdash compose check FILE`")


def _read(path: Path) -> str:
    content = read_small(path, limit=LARGEST + 1)
    if content is None:
        raise UsageError(f"{shown(path)} cannot be read as a file", hint="name a compose file that is there")
    if len(content) > LARGEST:
        raise too_large(shown(path))
    return content.decode("utf-8", "replace")


def _settings(path: Path) -> dict[str, str]:
    """Return what the `.env` file beside a compose file sets outside the block of portdash."""
    text = (read_small(path, limit=LARGEST) or b"").decode("utf-8", "replace")
    return plain_settings(text)


def _owners(snapshot: Snapshot, deps: Deps) -> list[Owner]:
    """Return whose ports are taken on this machine, our own services first."""
    own = {row.key for row in own_rows(deps, snapshot)}
    return [
        Owner(
            label=row.name if key in own else f"{workspace_label(snapshot, key.workspace)}/{row.name}",
            service=key.service if key in own else None,
            variable=row.spec.variable if key in own else None,
            port=row.port,
            protocol=key.protocol.value,
        )
        for key, row in sorted(snapshot.assignments.items(), key=lambda pair: pair[0] not in own)
    ]


def _json(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind.value,
        "notice": finding.kind.is_notice,
        "file": finding.file,
        "line": finding.line,
        "service": finding.service,
        "detail": finding.detail,
    }
