"""Declaring a starter set for a project, and giving its services their ports."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portdash.config.paths import PROJECT_FILE
from portdash.config.presets import DEFAULT, preset_services, preset_text
from portdash.config.settings import Config
from portdash.errors import Refused
from portdash.machine.roots import is_common_ground
from portdash.machine.textfile import create_text
from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish, place, wish_for
from portdash.model.snapshot import Snapshot
from portdash.text import clean


def chosen_preset(config: Config, named: str | None) -> str | None:
    """Return the preset that counts: the one named, and without one the usual, unless services are declared."""
    return named or (None if config.services else DEFAULT)


def declare(preset: str, *, project: Path, home: Path) -> Path:
    """Write the project file of a preset, which is not there yet, and return where it is.

    Raises Refused where there is something of that name, or where the file would govern more than a project.
    """
    if is_common_ground(str(project), home):
        raise Refused(
            f"{clean(str(project), limit=None)} is no project: a {PROJECT_FILE} here would count for all below it",
            hint="go to the directory of a project",
        )
    path = project / PROJECT_FILE
    create_text(path, preset_text(preset))
    return path


@contextmanager
def withdrawn_on_failure(path: Path | None) -> Iterator[None]:
    """Take a file that was just written away again where what it was written for fails."""
    try:
        yield
    except BaseException:
        if path is not None:
            path.unlink(missing_ok=True)
        raise


def starting_wishes(deps: Deps, snapshot: Snapshot, preset: str | None) -> tuple[tuple[Wish, ...], tuple[str, ...]]:
    """Return a wish for every declared service that gets a port, and for those of the preset that are not declared.

    The names of the latter come second.
    """
    config = deps.config
    declared = [Wish(name=each.spec.name) for each in snapshot.declarations]
    more = [
        spec
        for spec in (preset_services(preset, config.environment) if preset else ())
        if config.service(spec.name) is None
    ]
    return (*declared, *map(wish_for, more)), tuple(spec.name for spec in more)


def will_place(deps: Deps, snapshot: Snapshot, preset: str | None) -> bool:
    """Say whether starting gives a port to a service that has none."""
    wishes, _ = starting_wishes(deps, snapshot, preset)
    return any(place(deps, snapshot, wish).key not in snapshot.assignments for wish in wishes)
