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
from portdash.text import and_list, clean

DIRECTORY = "exports"
"""Of the records, in the state directory."""
MOST = 100
"""Files that are remembered of one workspace."""


def written_files(state: Path, place: Place, *, project: Path) -> tuple[EnvFile, ...]:
    """Return the files that are known: those recorded, and those of the three usual ones that have our block.

    A file is that of the environment which wrote it last.
    """
    elsewhere = {file.path for files in _elsewhere(state, place).values() for file in files}
    usual = (each for each in default_files(project) if each.path not in elsewhere and _has_block(each.path))
    return tuple({each.path: each for each in (*usual, *_recorded(state, place))}.values())


def record_files(state: Path, place: Place, files: Iterable[EnvFile]) -> None:
    """Remember files besides those that are still there, and have the workspace's other environments forget them.

    Raises PortdashError when it cannot be written.
    """
    files = tuple(files)
    known = [each for each in _recorded(state, place) if os.path.isfile(each.path)]  # noqa: PTH113  it never raises
    every = {each.path: each for each in (*known, *files)}
    path = _record(state, place)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise PortdashError(f"{path.parent} cannot be made: {error.strerror}", hint="check its permissions") from error
    _write(path, list(every.values())[-MOST:], state)
    ours = {each.path for each in files}
    for other, theirs in _elsewhere(state, place).items():
        _write(other, [each for each in theirs if each.path not in ours], state)


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
    names: list[str] = []
    left: list[str] = []
    try:
        variables = export_variables(deps, deps.observer.snapshot())
    except PortdashError as error:
        return Rewritten(left=(f"the written files still say what was: {error.message}",))
    for file in files:
        try:
            if freshness(file, variables, project=project) is Freshness.OLDER:
                write_files(deps, [file], variables, project=project)
                names.append(clean(file.path.name))
        except PortdashError as error:
            left.append(f"{clean(file.path.name)} still says what was: {error.message}")
    lines = (f"{and_list(names)} {'says' if len(names) == 1 else 'say'} so, too",) if names else ()
    return Rewritten(lines, tuple(left))


def _has_block(path: Path) -> bool:
    return START.encode() in (read_small(path, limit=LARGEST) or b"")


def _recorded(state: Path, place: Place) -> tuple[EnvFile, ...]:
    return _read(_record(state, place))


def _elsewhere(state: Path, place: Place) -> dict[Path, tuple[EnvFile, ...]]:
    """Return what the records of the workspace's other environments say."""
    own, of_workspace = _record(state, place), f"{place.workspace.name}@"
    try:
        records = sorted((state / DIRECTORY).iterdir())
    except OSError:
        return {}
    others = (each for each in records if each != own and each.name.startswith(of_workspace))
    return {each: _read(each) for each in others if each.suffix == ".json"}


def _write(record: Path, files: Iterable[EnvFile], state: Path) -> None:
    text = json.dumps({str(each.path): each.form.value for each in files}, indent=2) + "\n"
    found = read_text(record, project=state)
    if found.text != text:
        replace_text(found, text)


def _read(record: Path) -> tuple[EnvFile, ...]:
    """Return what a record says; one that says nothing sensible says nothing."""
    try:
        found = json.loads(read_small(record) or b"{}")
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
