"""A workspace's variables, and the files that they are written into."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from portdash.errors import LockedDown, NoPortAvailable, Refused
from portdash.exports.block import set_outside, with_block
from portdash.exports.comparing import Freshness, compare_text, json_variables
from portdash.exports.formats import STYLES, ExportFormat, export_lines, render
from portdash.exports.variables import Variable, all_variables
from portdash.machine.textfile import TextFile, read_text, replace_text
from portdash.machine.tracked import tracked_by_git
from portdash.manager.deps import Deps
from portdash.model.assignment import Assignment
from portdash.model.snapshot import Snapshot
from portdash.planning.candidates import next_available
from portdash.record import record
from portdash.text import clean

ROUNDS = 5
"""How often a file is written anew because it changed meanwhile."""


@record
class EnvFile:
    """A file that variables are written into."""

    path: Path
    form: ExportFormat


@record(kw_only=True)
class Written:
    """What became of one file."""

    file: EnvFile
    changed: bool
    """False where it said the same already, and was left alone."""
    notices: tuple[str, ...] = ()


@record
class _Draft:
    """A file, and what it is going to say."""

    file: EnvFile
    found: TextFile
    text: str

    @property
    def changes(self) -> bool:
        return self.text != self.found.text


def default_files(root: Path) -> tuple[EnvFile, ...]:
    """Return the three files that an export without a format writes in the root of a project."""
    return (
        EnvFile(root / ".env", ExportFormat.DOTENV),
        EnvFile(root / ".env.compose", ExportFormat.COMPOSE),
        EnvFile(root / "port_exports.sh", ExportFormat.SH),
    )


def own_rows(deps: Deps, snapshot: Snapshot) -> tuple[Assignment, ...]:
    """Return the assignments of this workspace and environment, by port."""
    rows = (row for key, row in snapshot.assignments.items() if deps.place.is_here(key))
    return tuple(sorted(rows, key=lambda row: (row.port, row.key)))


def export_variables(deps: Deps, snapshot: Snapshot) -> tuple[Variable, ...]:
    """Return all that this workspace exports. Raises UsageError where two services share a variable."""
    return all_variables(own_rows(deps, snapshot), base_port=deps.config.base_port, next_port=following_port(snapshot))


def following_port(snapshot: Snapshot) -> int | None:
    """Return the port that the next service without wishes would get, None when there is none."""
    with suppress(NoPortAvailable):
        return next_available(snapshot)
    return None


def check_files(
    files: Sequence[EnvFile], variables: Sequence[Variable], *, project: Path, force: bool, as_they_will_be: bool = True
) -> None:
    """Raise Refused when one of the files could not be written for what it is; nothing is touched.

    Without `as_they_will_be` the variables are going to be others, so that files which need no writing now will.
    """
    drafts = _drafts(files, variables, project, force=force)
    if not (as_they_will_be or force):
        _refuse_tracked(draft.found for draft in drafts)


def write_files(
    deps: Deps, files: Sequence[EnvFile], variables: Sequence[Variable], *, project: Path, force: bool = False
) -> tuple[Written, ...]:
    """Write the variables into every file, after all of them have been looked at.

    In a file that is written line by line only the block of portdash changes. Raises LockedDown, and Refused for
    a file that is no plain text of the project, one that git tracks (unless `force`), or one that cannot be written.
    """
    if deps.config.read_only:
        raise LockedDown("read-only: no file was written")
    drafts = _drafts(files, variables, project, force=force)
    for draft in drafts:
        if draft.changes:
            _write(draft, variables, project, force=force)
    names = frozenset(each.name for each in variables)
    return tuple(
        Written(file=draft.file, changed=draft.changes, notices=tuple(_rivals(draft, names))) for draft in drafts
    )


def _write(draft: _Draft, variables: Sequence[Variable], project: Path, *, force: bool) -> None:
    """Write one file, anew where somebody was faster: another export, or a person who saved it."""
    for _ in range(ROUNDS):
        if not draft.changes or replace_text(draft.found, draft.text):
            return
        draft = _draft(draft.file, variables, project, force=force)
    raise Refused(f"{draft.found.name} keeps changing", hint="see who else writes it, then try again")


def _drafts(
    files: Sequence[EnvFile], variables: Sequence[Variable], project: Path, *, force: bool
) -> tuple[_Draft, ...]:
    drafts = tuple(_draft(file, variables, project, force=force) for file in files)
    if not force:
        _refuse_tracked(draft.found for draft in drafts if draft.changes)
    return drafts


def _draft(file: EnvFile, variables: Sequence[Variable], project: Path, *, force: bool) -> _Draft:
    found = read_text(file.path, project=project)
    if file.form is ExportFormat.JSON:
        if found.text and json_variables(found.text) is None and not force:
            raise Refused(
                f"{found.name} is something else than an export in JSON, and would be lost",
                hint="name another file with -o, or say --force",
            )
        return _Draft(file, found, render(variables, file.form))
    lines = export_lines(variables, file.form)
    comment = STYLES[file.form].comment
    text = with_block(found.text or "", lines, comment=comment, name=found.name, force=force)
    return _Draft(file, found, text)


def _refuse_tracked(files: Iterable[TextFile]) -> None:
    tracked = tracked_by_git(each.path for each in files)
    if tracked:
        raise Refused(
            f"{clean(str(tracked[0]), limit=None)} is tracked by git, and the ports of this machine would be committed",
            hint=f"take it out with `git rm --cached {clean(tracked[0].name)}` and ignore it, or say --force",
        )


def _rivals(draft: _Draft, names: frozenset[str]) -> Iterator[str]:
    """Yield where the file sets one of our variables a second time: which of them counts is for its reader to say."""
    if draft.file.form is ExportFormat.JSON:
        return
    comment = STYLES[draft.file.form].comment
    for line, name in set_outside(draft.text, names, comment=comment, name=draft.found.name):
        yield f"{draft.found.name}, line {line} sets {name} as well, outside the block of portdash: take it out there"


def freshness(file: EnvFile, variables: Sequence[Variable], *, project: Path) -> Freshness:
    """Return whether a file says what would be written into it now. Raises Refused as writing it would."""
    found = read_text(file.path, project=project)
    if found.text is None:
        return Freshness.MISSING
    return compare_text(found.text, variables, file.form, name=found.name)
