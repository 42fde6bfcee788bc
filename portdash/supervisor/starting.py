"""Starting a service by its name alone, for a face that is no terminal: what its trusted declaration says is run."""

import os
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from portdash.config.loading import load
from portdash.errors import LockedDown, NotTrusted, Refused
from portdash.manager.deps import Deps
from portdash.model.assignment import ServiceKey
from portdash.model.snapshot import Snapshot
from portdash.record import record
from portdash.supervisor.background import Left, leave_running
from portdash.supervisor.cancelling import Cancel
from portdash.supervisor.declared import declared_command
from portdash.supervisor.elsewhere import as_seen_there
from portdash.supervisor.log_since import LogSince
from portdash.supervisor.logs import log_path
from portdash.supervisor.orders import AlreadyRunning, only_one
from portdash.supervisor.upness import how_it_runs, running_words
from portdash.text import clean


@record(kw_only=True)
class Start:
    """How a start went."""

    listens: bool
    port: int | None
    """Where it listens, or may yet; None when it has ended."""
    detail: str
    """One line for a person."""
    lines: tuple[str, ...] = ()
    """What the service printed last, without colours; empty where it listens."""


class Startable(NamedTuple):
    """What starting a service would run."""

    command: tuple[str, ...]
    missing: tuple[str, ...] = ()
    """Services that it depends on and that do not run: they are not started with it, as `up` does that."""


def startable(deps: Deps, snapshot: Snapshot, key: ServiceKey) -> Startable:
    """Return what starting a service would run. Raises what `start` raises before it does anything."""
    view = snapshot.service(key)
    name = view.name if view else key.service
    if deps.config.read_only:
        raise LockedDown(f"read-only: {clean(name)} is not started")
    there = as_seen_there(deps, snapshot, key)
    try:
        declared, command = declared_command(there.config, name)
    except NotTrusted as error:
        if there.opened and there is not deps:
            error.hint = f"see it, then `cd {clean(shlex.quote(str(there.opened.cwd)), limit=None)} && portdash trust`"
        raise
    if words := how_it_runs(snapshot, key):
        raise AlreadyRunning(
            f"{clean(name)} runs already {words}", hint=f"`portdash restart {clean(name)}` starts it again"
        )
    running = {
        view.key.service for view in snapshot.services if view.key.workspace == key.workspace and view.is_running
    }
    return Startable(command, tuple(each for each in declared.depends_on if each.casefold() not in running))


def start(deps: Deps, key: ServiceKey, *, leave: Cancel | None = None) -> Start:
    """Start a service in the background, and wait until it listens or has failed: about 90 seconds at most.

    The `run` of it belongs to nobody, reads the same configuration as we did, and looks itself whether that is trusted.
    `leave` calls off the waiting alone: it goes on by itself.
    Raises NoCommand, NotTrusted, AlreadyRunning, LockedDown, Refused, ConfigError, StoreError.
    """
    deps = as_declared_now(deps)
    snapshot = deps.observer.snapshot()
    startable(deps, snapshot, key)
    deps = as_seen_there(deps, snapshot, key)
    place = opened_at(deps, key.service)
    view = snapshot.service(key)
    name = view.name if view else key.service
    log = LogSince(log_path(place.state_dir, key))
    try:
        left = leave_running((*place.arguments, "run", "-d", name), cwd=place.cwd, leave=leave)
    except OSError as error:
        raise no_process(name, error) from error
    if left.is_left_alone:
        return Start(listens=False, port=None, detail=f"the start of {clean(name)} goes on by itself")
    lines = log.added()
    if left.code == 0 and left.port is not None:
        return Start(listens=True, port=left.port, detail=_detail(name, left))
    if left.port is None:
        other = partial(running_words, deps, name)
        with only_one(place.state_dir, key, how=other):  # who was faster still has it
            pass
    return Start(listens=False, port=left.port, detail=_detail(name, left), lines=lines)


class OpenedAt(NamedTuple):
    """What another portdash has to be given to see what we see."""

    arguments: tuple[str, ...]
    cwd: Path
    state_dir: Path


def opened_at(deps: Deps, what: str) -> OpenedAt:
    """Return where another process finds our store and configuration. Raises Refused where it cannot."""
    if deps.opened is None or deps.state_dir is None:
        raise Refused(
            f"{clean(what)} cannot be started from here: no other process has this store",
            hint="`portdash run` starts it where it has one",
        )
    flags, cwd = deps.opened
    return OpenedAt(flags._replace(environment=deps.place.environment).arguments(), cwd, deps.state_dir)


def no_process(what: str, error: OSError) -> Refused:
    """Return what is raised where not even portdash can be started."""
    return Refused(
        f"{clean(what)} cannot be started: {error.strerror or error}", hint="look whether its directory is there"
    )


def as_declared_now(deps: Deps) -> Deps:
    """Return the same with the configuration of this moment: it may have been edited or trusted since it was read."""
    if deps.opened is None:
        return deps
    flags, cwd = deps.opened
    config = load(cwd=cwd, environ=os.environ, flags=flags, home=Path.home())
    return replace(deps, config=replace(config, read_only=deps.config.read_only))


def _detail(name: str, left: Left) -> str:
    if left.port is None:
        return clean(left.error or f"{name} ended with status {left.code} before it listened", limit=None)
    return clean(left.said[-1] if left.said else f"{name} is on {left.port}", limit=None)
