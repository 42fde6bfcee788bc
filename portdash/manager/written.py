"""Which files a workspace's variables were written into: one small record a workspace and environment.

It serves `env --check`, and moves, which write those files anew. What is lost of it is a file that is no longer looked
at.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from portdash.errors import PortdashError
from portdash.exports.block import START
from portdash.exports.comparing import Freshness
from portdash.exports.formats import ExportFormat
from portdash.machine.files import read_small
from portdash.machine.textfile import LARGEST, read_text, replace_text
from portdash.manager.deps import Deps, Place
from portdash.manager.exporting import EnvFile, default_files, export_variables, freshness, write_files
from portdash.model.plan import Action, Plan
from portdash.text import clean

DIRECTORY = "exports"
"""Of the records, in the state directory."""
MOST = 100
"""Files that are remembered of one workspace."""


def written_files(state: Path, place: Place, *, project: Path) -> tuple[EnvFile, ...]:
    """Return the files that are known: those recorded, and those of the three usual ones that have our block."""
    usual = (each for each in default_files(project) if _has_block(each.path))
    return tuple({each.path: each for each in (*usual, *_recorded(state, place))}.values())


def record_files(state: Path, place: Place, files: Iterable[EnvFile]) -> None:
    """Remember files besides those that are still there. Raises PortdashError when it cannot be written."""
    known = [each for each in _recorded(state, place) if os.path.isfile(each.path)]  # noqa: PTH113  it never raises
    every = {each.path: each for each in (*known, *files)}
    text = json.dumps({str(each.path): each.form.value for each in list(every.values())[-MOST:]}, indent=2) + "\n"
    path = _record(state, place)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise PortdashError(f"{path.parent} cannot be made: {error.strerror}", hint="check its permissions") from error
    found = read_text(path, project=state)
    if found.text != text:
        replace_text(found, text)


class Rewritten(NamedTuple):
    """What a move has done to the files, in words."""

    lines: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """Files that could not be written, and why."""


def files_of(deps: Deps, plan: Plan) -> tuple[EnvFile, ...]:
    """Return the recorded files that follow a plan: those of this place, where it moves services of this place.

    No others: neither one that has been deleted, nor one from which our lines were taken out.
    """
    here, state = deps.place, deps.state_dir
    moved = (step.key for step in plan.steps if step.action is Action.MOVE and step.key is not None)
    ours = any((each.workspace, each.environment) == (here.workspace.name, here.environment) for each in moved)
    files = _recorded(state, here) if ours and state is not None else ()
    return tuple(each for each in files if each.form is ExportFormat.JSON or _has_block(each.path))


def rewrite_recorded(deps: Deps, plan: Plan) -> Rewritten:
    """Write the files of `files_of` anew that say what was."""
    files = files_of(deps, plan)
    if not files:
        return Rewritten()
    here = deps.place
    project = Path(here.workspace.root) if here.workspace.root else Path.cwd()
    lines: list[str] = []
    left: list[str] = []
    try:
        variables = export_variables(deps, deps.observer.snapshot())
    except PortdashError as error:
        return Rewritten(left=(f"the written files still say what was: {error.message}",))
    for file in files:
        try:
            if freshness(file, variables, project=project) is Freshness.OLDER:
                write_files(deps, [file], variables, project=project)
                lines.append(f"{clean(file.path.name)} says so, too")
        except PortdashError as error:
            left.append(f"{clean(file.path.name)} still says what was: {error.message}")
    return Rewritten(tuple(lines), tuple(left))


def _has_block(path: Path) -> bool:
    return START.encode() in (read_small(path, limit=LARGEST) or b"")


def _recorded(state: Path, place: Place) -> tuple[EnvFile, ...]:
    """Return what the record says; one that says nothing sensible says nothing."""
    try:
        found = json.loads(read_small(_record(state, place)) or b"{}")
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, dict):
        return ()
    return tuple(
        EnvFile(Path(path), ExportFormat(form))
        for path, form in found.items()
        if form in tuple(ExportFormat) and Path(path).is_absolute() and "\0" not in path
    )


def _record(state: Path, place: Place) -> Path:
    return state / DIRECTORY / f"{place.workspace.name}@{place.environment}.json"
