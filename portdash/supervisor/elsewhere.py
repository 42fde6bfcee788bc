"""A service of another workspace of this machine, started in the directory of that one, as if one had gone there.

Its own files are read and have to be trusted; a start goes nowhere else than to the workspace that was meant, and is
kept in the store that it was seen in.
"""

import os
from pathlib import Path

from portdash.config.loading import load
from portdash.config.settings import Flags
from portdash.errors import NoCommand
from portdash.manager.deps import Deps, Opened
from portdash.manager.places import find_workspace
from portdash.model.assignment import ServiceKey
from portdash.model.snapshot import Snapshot
from portdash.record import replace
from portdash.text import clean


def as_seen_there(deps: Deps, snapshot: Snapshot, key: ServiceKey) -> Deps:
    """Return what to work with for a service: the same for one of this workspace, else as from where that one is.

    Raises NoCommand where nobody can be sure to get there, and what loading its configuration raises.
    """
    if key.workspace == deps.place.workspace.name:
        return deps
    name = clean(key.service)
    wanted = snapshot.workspace_named(key.workspace)
    if deps.opened is None or not deps.place.is_of(key) or wanted is None or wanted.root is None:
        raise NoCommand(
            f"{name} is a service of another workspace", hint="go there, its command is declared in its files"
        )
    root = Path(wanted.root)
    if not root.is_dir():
        raise NoCommand(
            f"the directory of {clean(wanted.label)} is gone: {name} has no command", hint="`portdash prune`"
        )
    given = deps.opened.flags
    flags = Flags(store=given.store, environment=deps.place.environment, read_only=given.read_only, debug=given.debug)
    config = load(cwd=root, environ=os.environ, flags=flags, home=Path.home())
    found = find_workspace(config, deps.store.snapshot(), cwd=root, home=Path.home())
    if found.name != key.workspace or config.store != deps.config.store:
        raise NoCommand(
            f"{name} is a service of another workspace, whose directory now means another one or another store",
            hint=f"look in {clean(wanted.root, limit=None)}",
        )
    return replace(
        deps,
        config=replace(config, read_only=deps.config.read_only or config.read_only),
        place=deps.place._replace(workspace=found),
        opened=Opened(flags, root),
    )
