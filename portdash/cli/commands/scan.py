"""`portdash scan`."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from portdash.cli.context import Globals, working_directory
from portdash.cli.options import json_option
from portdash.cli.output import Tone, emit, emit_json, say
from portdash.errors import ExitCode
from portdash.exports.literals.judging import Verdict
from portdash.manager.scanning import Scan, Spot, scan
from portdash.report.redaction import mask_secrets
from portdash.text import and_list, clean, plural

_LONGEST = 160
"""Characters that are shown of a line."""
_TONES = {Verdict.DIFFERS: Tone.BAD, Verdict.TAKEN: Tone.BAD, Verdict.UNASSIGNED: Tone.WARNING}


@click.command("scan")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--fix", is_flag=True, help="Also print the line that might stand instead; no file is written.")
@click.option("--docs", is_flag=True, help="Look into documentation, too.")
@click.option("--quiet", "-q", is_flag=True, help="Leave out what is fine.")
@json_option
@click.pass_obj
def command(options: Globals, *, path: Path, fix: bool, docs: bool, quiet: bool, as_json: bool) -> int:
    """Find hard-coded ports in a directory or file, and hold them against the assignments.

    Code, settings, scripts, compose files and the like are looked into; not what git ignores, what tools install or
    build, nor documentation without --docs. A port is fine where it is its service's, stands only for a variable that
    portdash exports, or is one inside a container. Exit code 1 means that some differ from their service's port, are
    somebody else's, or are assigned to nobody; 2 that there is no such path.
    """
    with options.deps() as deps:
        found = scan(deps, deps.observer.snapshot(), working_directory() / path, docs=docs)
    shown = [each for each in found.spots if not (quiet and each.judged.verdict.is_fine)]
    if as_json:
        emit_json(_document(found, shown, fix=fix))
    else:
        is_file = os.path.isfile(working_directory() / path)  # noqa: PTH113  it never raises
        for spot in shown:
            _tell(spot, str(path if is_file else path / spot.path), fix=fix)
        for line in _summary(found):
            say(line)
    return ExitCode.NO if found.troubled or found.unshown else ExitCode.YES


def _tell(spot: Spot, file: str, *, fix: bool) -> None:
    literal, verdict = spot.judged.literal, spot.judged.verdict
    place = f"{file}:{literal.line}:{literal.column}"
    emit(
        f"{clean(place, limit=None)}: {literal.port} {spot.judged.words}: {_line(literal.text)}",
        _TONES.get(verdict, Tone.PLAIN),
    )
    if fix and (line := spot.replacement):
        emit(f"  - {_line(literal.text)}")
        emit(f"  + {_line(line)}", Tone.GOOD)
    elif fix and (advice := spot.advice):
        emit(f"  {clean(advice)}")


def _line(text: str) -> str:
    return clean(mask_secrets(text.strip()[:1000]), limit=_LONGEST)


def _summary(found: Scan) -> Iterator[str]:
    counts = Counter(each.judged.verdict for each in found.spots)
    told = ((Verdict.DIFFERS, "differ"), (Verdict.TAKEN, "of other workspaces"), (Verdict.UNASSIGNED, "not assigned"))
    parts = [f"{counts[verdict]} {words}" for verdict, words in told if counts[verdict]]
    fine = sum(count for verdict, count in counts.items() if verdict.is_fine)
    parts += [f"{fine} fine"] if fine else []
    ports = plural(len(found.spots) + found.unshown, "hard-coded port")
    yield f"{ports} in {plural(found.files, 'file')}{': ' if parts else ''}{', '.join(parts)}"
    if found.unshown:
        yield f"{found.unshown} of them are not shown: look into one directory at a time"
    if found.skipped:
        reasons = and_list(f"{count} {reason.value}" for reason, count in sorted(found.skipped.items()))
        yield f"not looked into: {reasons}"


def _document(found: Scan, shown: list[Spot], *, fix: bool) -> dict[str, object]:
    return {
        "path": clean(str(found.root), limit=None),
        "files": found.files,
        "skipped": {reason.name.lower(): count for reason, count in sorted(found.skipped.items())},
        "unshown": found.unshown,
        "findings": [_json(spot, fix=fix) for spot in shown],
    }


def _json(spot: Spot, *, fix: bool) -> dict[str, object]:
    literal, service = spot.judged.literal, spot.judged.service
    document: dict[str, object] = {
        "file": clean(spot.path, limit=None),
        "line": literal.line,
        "column": literal.column,
        "port": literal.port,
        "kind": literal.kind.value,
        "name": clean(literal.name) if literal.name else None,
        "text": _line(literal.text),
        "verdict": spot.judged.verdict.value,
        "service": service.name if service else None,
        "assigned": service.port if service else None,
        "fine": spot.judged.verdict.is_fine,
    }
    if fix:
        replacement = spot.replacement
        document["replacement"] = _line(replacement) if replacement else None
        document["advice"] = clean(advice) if (advice := spot.advice) else None
    return document
