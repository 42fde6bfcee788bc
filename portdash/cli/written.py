"""Where the commands that write a workspace's files put them, and what they say of them."""

import os
from collections.abc import Iterable
from pathlib import Path

from portdash.cli.context import home, working_directory
from portdash.cli.output import say, warn
from portdash.config.paths import state_dir
from portdash.errors import PortdashError
from portdash.exports.comparing import Freshness
from portdash.manager.deps import Deps
from portdash.manager.exporting import Written, export_variables, freshness
from portdash.manager.written import record_files, written_files
from portdash.text import and_list, clean


def project_directory(deps: Deps) -> Path:
    """Return the root of the workspace, the working directory where it has none."""
    root = deps.place.workspace.root
    return Path(root) if root else working_directory()


def tell(deps: Deps, written: Iterable[Written]) -> None:
    """Say what became of each file, and remember where they are."""
    done = tuple(written)
    for each in done:
        say(f"{shown(each.file.path)} {'written' if each.changed else 'is up to date'}")
        for notice in each.notices:
            warn(notice)
    try:
        record_files(state_dir(os.environ, home()), deps.place, (each.file for each in done))
    except PortdashError as error:
        warn(f"`portdash env` will not know of these files: {error.message}")


def tell_outdated(deps: Deps) -> None:
    """Say which of the files that an export has written do not say any more what the store says."""
    project = project_directory(deps)
    known = written_files(state_dir(os.environ, home()), deps.place, project=project)
    if not known:
        return
    try:
        variables = export_variables(deps, deps.observer.snapshot())
        older = [each for each in known if freshness(each, variables, project=project) is Freshness.OLDER]
    except PortdashError as error:
        warn(f"whether the written files are up to date cannot be told: {error.message}")
        return
    if older:
        files = and_list(shown(each.path) for each in older)
        say(f"{files} still {'says' if len(older) == 1 else 'say'} what was: `portdash export` writes the ports anew")


def shown(path: Path) -> str:
    """Return a path as a person in the working directory would write it."""
    here = working_directory()
    return clean(str(path.relative_to(here) if path.is_relative_to(here) else path), limit=None)
