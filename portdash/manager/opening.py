"""Opening everything an act needs, from flags, variables and the working directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from portdash.clock import SystemClock
from portdash.config.in_force import config_in_force
from portdash.config.paths import default_store_url, state_dir
from portdash.config.settings import Flags
from portdash.machine.local import LocalMachine
from portdash.manager.allocation_log import Log, to_logging
from portdash.manager.deps import Deps, Opened, Place
from portdash.manager.places import find_workspace
from portdash.record import replace
from portdash.store.neighbours import Neighbours
from portdash.store.opening import file_of, open_store

if TYPE_CHECKING:
    from portdash.model.storage import Store

COMMITTED = "json:"
"""Begins the URL of a store whose ports are committed in a file."""


def open_deps(
    *,
    flags: Flags,
    cwd: Path,
    environ: Mapping[str, str],
    home: Path,
    actor: str,
    store: Store | None = None,
    log: Log = to_logging,
    tell: Callable[[str], None] | None = None,
) -> Deps:
    """Read the configuration, open the store and find the workspace. Raises ConfigError or StoreError.

    `store` is used in place of the one that the configuration names. A plan that a crashed process left half applied is
    settled first, unless nothing may or can be changed. `tell` gets what a store has to say about a change that it
    acknowledged.
    """
    config = config_in_force(cwd=cwd, environ=environ, flags=flags, home=home)
    state = state_dir(environ, home)
    machine = LocalMachine(state, read_only=config.read_only)
    opened = Opened(flags, cwd) if store is None else None
    committed = store is None and config.store.startswith(COMMITTED)
    url = default_store_url(environ, home) if committed else config.store
    store = store or open_store(url, host=machine.host, state_dir=state, read_only=config.read_only)
    try:
        held = store.snapshot()
        workspace = find_workspace(config, held, cwd=cwd, home=home)
        deps = Deps(
            store=store,
            machine=machine,
            config=config,
            clock=SystemClock(),
            place=Place(machine.host, machine.user, workspace, config.environment),
            actor=actor,
            environ=environ,
            log=log,
            held=held,
            state_dir=state,
            opened=opened,
            neighbours=Neighbours(state, used=file_of(url, state), host=machine.host),
        )
        if committed:
            deps = _committed(deps, state, tell)
        if held.plans and held.stale_since is None and not config.read_only:
            from portdash.manager.recovery import recover  # noqa: PLC0415  rare

            recover(deps, held.plans)
    except BaseException:
        store.close()
        raise
    return deps


def _committed(deps: Deps, state: Path, tell: Callable[[str], None] | None) -> Deps:
    """Return the same with the ports of the workspace committed in the file that the configuration names."""
    from portdash.manager.projecting import projected  # noqa: PLC0415  only a json: store needs it

    return replace(deps, store=projected(deps, state_dir=state, tell=tell))
