"""Declaring a service: into which file, checked as a whole before anything is written."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from portdash.config.declaring import NewService, block, declare
from portdash.config.decoding import decode_file
from portdash.config.files import ReadFile
from portdash.config.loading import examine
from portdash.config.origins import dotted
from portdash.config.paths import PROJECT_FILE, state_dir
from portdash.config.problems import Problems
from portdash.config.project_files import project_files
from portdash.config.rewriting import rewrite
from portdash.config.settings import Flags
from portdash.config.trust import is_trusted
from portdash.config.withholding import withhold
from portdash.errors import ConfigError, NoSuchService, UsageError
from portdash.machine.roots import find_root, is_common_ground
from portdash.manager.finding import workspace_named
from portdash.model.names import check_service, check_workspace
from portdash.model.workspace import Workspace
from portdash.record import record
from portdash.text import clean, plural

_BOM = b"\xef\xbb\xbf"


@record(kw_only=True)
class Declared:
    """What was written."""

    path: Path
    created: bool
    """Whether there was no such file before."""
    text: str
    """The service as a table of its own."""
    warnings: tuple[str, ...]
    """What is possible and probably not meant, and what waits for trust."""


@record(kw_only=True)
class Surroundings:
    """What decides which configuration counts."""

    cwd: Path
    environ: Mapping[str, str]
    flags: Flags
    home: Path


def file_for(around: Surroundings) -> Path:
    """Return the project file of the working directory, which need not be there yet.

    It is in the project's root; outside any project the directory itself becomes one, and UsageError is raised where
    it cannot.
    """
    cwd, home = around.cwd, around.home
    if around.flags.config is not None:
        return cwd / around.flags.config
    root = find_root(str(cwd), home)
    if root is None and is_common_ground(os.path.realpath(cwd), home):
        raise UsageError(f"{_name(cwd)} is no project", hint="go to the project, or name its file with --config")
    return Path(root or cwd) / PROJECT_FILE


def root_of(workspaces: Sequence[Workspace], name: str) -> Path:
    """Return the directory of a workspace. Raises NoSuchService where there is none."""
    wanted = workspace_named(workspaces, name)
    root = next((each.root for each in workspaces if each.name == wanted), None)
    if root is None:
        raise NoSuchService(
            f"no directory is known of the workspace {clean(name)}", hint="go there and leave the workspace out"
        )
    return Path(root)


def declare_service(new: NewService, path: Path, around: Surroundings) -> Declared:
    """Write a service into the project file at `path`, which is made where there is none.

    Raises InvalidName, UsageError (it is declared already), ConfigError (the file would not be right, or cannot be
    written) and Refused; the file is as it was then.
    """
    check_service(new.name)
    if new.environment is not None:
        check_workspace(new.environment)
    created, warnings = False, list[str]()

    def change(found: ReadFile | None) -> bytes:
        nonlocal created
        created = found is None
        before = found.content if found else b""
        after = _declared(before, new, path)
        warnings[:] = [
            *_checked(found, ReadFile(path, after, None), around),
            *_waiting(new, path, before, after, around),
        ]
        return after

    beginning = _beginning(path, around)
    rewrite(path, change)
    said = (*warnings, *beginning) if created else tuple(warnings)
    return Declared(path=path, created=created, text=block(new), warnings=said)


def _beginning(path: Path, around: Surroundings) -> list[str]:
    """Return what begins and ends with a project file that is new."""
    if around.flags.config is not None:
        return []
    above = project_files(path.parent, around.home)[:1]
    said = [f"{_name(each)} counts here no more: the nearest file does" for each in above]
    if find_root(str(path.parent), around.home) is None:
        said.append(f"{_name(path.parent)} is a project of its own from now on")
    return said


def _declared(before: bytes, new: NewService, path: Path) -> bytes:
    """Return the content of the file with the service in it; a byte order mark stays."""
    try:
        text = before.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        hint = "mend it first: `portdash config check` says where"
        raise ConfigError(f"{_name(path)}: not UTF-8 text", hint=hint) from error
    after = declare(text, new, place=_name(path)).encode()
    return _BOM + after if before.startswith(_BOM) else after


def _checked(before: ReadFile | None, draft: ReadFile, around: Surroundings) -> list[str]:
    """Return what the draft is warned of; what was wrong before is mended elsewhere. Raises ConfigError."""
    look = partial(examine, cwd=around.cwd, environ=around.environ, flags=around.flags, home=around.home)
    known, doubts = look(draft=before)
    problems, warnings = look(draft=draft)
    said = {str(each) for each in known}  # their hints name what is declared, which is more now
    fresh = [each for each in problems if str(each) not in said]
    if fresh:
        raise ConfigError(f"not declared: {fresh[0]}", hint=fresh[0].hint)
    found = [each for each in warnings if each not in doubts]
    if problems:
        found.append(f"the configuration has {plural(len(problems), 'problem')} besides: `portdash config check`")
    return found


def _waiting(new: NewService, path: Path, before: bytes, after: bytes, around: Surroundings) -> list[str]:
    """Return what does not count until the file is trusted; one that was named on purpose counts in full."""
    if around.flags.config is not None:
        return []
    try:
        was_trusted = before and is_trusted(path, state_dir(around.environ, around.home), content=before)
    except ConfigError as error:
        return [f"no project is trusted: {error.message}; {error.hint}"]
    if was_trusted:
        return [f"{_name(path)} was trusted as it was before: look at it, and run `portdash trust` again"]
    table = decode_file(after, path=path, home=around.home, problems=Problems())
    prefix = dotted(*new.above, new.name)
    return [
        f"{clean(each)} until you trust this project: run `portdash trust`"
        for each in withhold(table, root=path.parent)[1]
        if each.startswith((f"{prefix} ", f"{prefix}."))
    ]


def _name(path: Path) -> str:
    return clean(str(path), limit=None)
