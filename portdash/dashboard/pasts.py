"""What the details tell of a service beside the snapshot: its events, its files, and who was started too early."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from portdash.config.paths import state_dir
from portdash.dashboard.rows.asked import Past
from portdash.errors import PortdashError
from portdash.exports.comparing import Freshness
from portdash.manager.deps import Deps
from portdash.manager.exporting import export_variables, freshness
from portdash.manager.written import written_files
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.report.starting import own_listeners
from portdash.text import clean

MOST_EVENTS = 200
"""Events of a service that are read."""


def past_of(deps: Deps, snapshot: Snapshot, view: ServiceView) -> Past:
    """Return it. Reads the store and the files that were written; of another workspace's service only the store."""
    try:
        found = deps.store.events(limit=MOST_EVENTS, service=view.name)
    except PortdashError as error:
        return Past(error=clean(error.message))
    past = Past(
        events=tuple(each for each in found if each.workspace == view.key.workspace and each.is_of(view.key.host))
    )
    if view.assignment is None or view.is_remote or view.key.workspace != deps.place.workspace.name:
        return past
    return _with_files(past, deps, snapshot, view)


def _with_files(past: Past, deps: Deps, snapshot: Snapshot, view: ServiceView) -> Past:
    """Return the same with the written files, and what is stale since the service has its port."""
    found = dict(_files(deps, snapshot))
    return past._replace(
        stale_files=tuple(path for path, is_stale in found.items() if is_stale),
        files=tuple(path for path, is_stale in found.items() if not is_stale),
        readers=tuple(_readers(deps, snapshot, view)),
    )


def _files(deps: Deps, snapshot: Snapshot) -> Iterator[tuple[str, bool]]:
    """Yield the files that our variables were written into, and whether each says something else by now."""
    root = deps.place.workspace.root
    if root is None:
        return
    # What cannot be compared (two services with one variable, a file that is no text) `portdash env` tells; it is no
    # reason to show nothing else.
    with suppress(PortdashError, OSError):
        home = Path(deps.environ.get("HOME") or str(Path.home()))
        variables = export_variables(deps, snapshot)
        for file in written_files(state_dir(deps.environ, home), deps.place, project=Path(root)):
            found = freshness(file, variables, project=Path(root))
            if found is not Freshness.MISSING:
                yield str(file.path), found is Freshness.OLDER


def _readers(deps: Deps, snapshot: Snapshot, view: ServiceView) -> Iterator[str]:
    """Yield running services that depend on it and were started before it got its port."""
    row = view.assignment
    assert row is not None
    name = view.name.casefold()
    for declared in deps.config.services:
        if name not in {each.casefold() for each in declared.depends_on}:
            continue
        other = snapshot.service(replace(view.key, service=declared.name.casefold()))
        for server in own_listeners(other)[:1]:
            started = server.owner.started_at if server.owner else None
            if row.assigned_at and started is not None and started < row.assigned_at:
                yield declared.name
