"""Where a process comes from: the chain above it, what keeps it running, and whether nobody does any more."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from portdash.machine.keepers import keeper_of
from portdash.machine.processes import Setting
from portdash.machine.procfs import CONTAINER
from portdash.model.listener import Ancestor, Container, Process
from portdash.planning.command_line import title_of

if TYPE_CHECKING:
    from portdash.model.sources import ProcessTable

DEEPEST = 64
"""Ancestors looked at; a longer chain is a table that changes while it is read."""
ORPHAN = "orphan"
PROGRAM = "portdash"
_RUNNING = frozenset(("run", "up"))
"""Commands that start services and stand above them."""
_WORDS = 12
"""Words of a command line that such a command is looked for in."""
ENGINES = frozenset(("docker", "podman", "container"))
"""What `via` says of what containers hold."""
_ENGINE_OF = {"libpod": "podman", "docker": "docker"}
"""Engines by what the path of a control group calls them."""

_REAPERS = frozenset(("systemd", "init", "launchd", "tini", "docker-init", "dumb-init", "catatonit", "podman-init"))
"""Who adopts processes whose parent has ended; that they are somebody's parent says nothing."""
_PASSERS = _REAPERS | {"dockerd", "containerd"}
"""Who opens a socket for another process to serve."""


def parents(table: ProcessTable, process: Process) -> tuple[Process, ...]:
    """Return the processes above this one, nearest first, up to pid 1 or the first that may not be seen."""
    chain: list[Process] = []
    seen = {process.pid}
    parent = process.parent
    while parent and parent not in seen and len(chain) < DEEPEST:
        seen.add(parent)
        above = table.process(parent)
        if above is None:
            break
        chain.append(above)
        parent = above.parent
    return tuple(chain)


def ancestors(chain: Sequence[Process]) -> tuple[Ancestor, ...]:
    """Return a chain as it is kept with a listener."""
    return tuple(map(_ancestor, chain))


def _ancestor(process: Process) -> Ancestor:
    return Ancestor(process.pid, process.name or "?", title(process))


def title(process: Process) -> str | None:
    """Return what a process runs, in a few words; None where its name says as much."""
    name = process.name or ""
    found = title_of(name, process.command or ())
    return None if name.startswith(found) else found


def topmost(table: ProcessTable, pids: Collection[int]) -> Process | None:
    """Return which of the processes that share a socket is the one to name: the ancestor of the others.

    Of several unrelated ones the oldest; never who merely opened the socket for another, such as systemd. None when
    no process of them can be read.
    """
    sharing = [process for pid in pids if (process := table.process(pid))]
    serving = [process for process in sharing if process.pid != 1 and process.name not in _PASSERS] or sharing
    members = {process.pid for process in serving}
    heads = [each for each in serving if not members.intersection(above.pid for above in parents(table, each))]
    return min(heads or serving, key=lambda each: (each.started_at or 0.0, each.ticks, each.pid), default=None)


def via(owner: Process, chain: Sequence[Process], setting: Setting, *, orphan: bool) -> str | None:
    """Return what started a process or keeps it: the container, else the nearest keeper above it, else its unit.

    Not who starts it again when a file changes: `reloader_of` says that.
    """
    if engine := container_engine(setting.cgroup):
        return engine
    for process in (owner, *chain):
        keeper = keeper_of(process.name or "", process.command or ())
        if keeper and (process is not owner or keeper.label in ("docker", "podman")):
            return keeper.label
    if unit_of(setting.cgroup):
        return "systemd"
    if any(is_supervisor(process) for process in chain):
        return PROGRAM
    return ORPHAN if orphan else None


def is_supervisor(process: Process) -> bool:
    """Say whether a process is portdash running a service. It is named last: who gave the order says more."""
    words = [word.rpartition("/")[2] for word in (process.command or ())[:_WORDS]]
    return PROGRAM in words and not _RUNNING.isdisjoint(words[words.index(PROGRAM) :])


def is_orphan(chain: Sequence[Process], setting: Setting) -> bool:
    """Say whether nobody minds a process any more: its parent, or the shell it was typed into, is gone.

    Never one with a terminal, in a unit or a container, or below a keeper.
    """
    if setting.has_terminal or unit_of(setting.cgroup) or container_engine(setting.cgroup):
        return False
    if any(keeper_of(process.name or "", process.command or ()) for process in chain):
        return False
    if not chain or not is_reaper(chain[-1]):
        return False
    return is_reaper(chain[0]) or not setting.session_alive


def is_reaper(process: Process) -> bool:
    """Say whether a process adopts those whose parent has ended."""
    return process.pid == 1 or process.name in _REAPERS


def unit_of(cgroup: str) -> str | None:
    """Return the systemd service a process runs in, None for a session, a terminal's scope and a container.

    A service may divide its control group among its own processes; they are in it all the same.
    """
    for part in reversed(cgroup.split("/")):
        if part.endswith(".service"):
            return None if re.fullmatch(r"user@\d+\.service", part) else part
        if part.endswith((".scope", ".slice")):
            return None
    return None


def is_user_unit(cgroup: str) -> bool:
    """Say whether a unit belongs to the user's own manager and not to the system's."""
    return "/user@" in cgroup


def container_engine(cgroup: str) -> str | None:
    """Return `docker`, `podman`, ... for a process inside a container that shares our network."""
    found = re.search(CONTAINER, cgroup)
    if not found:
        return None
    return _ENGINE_OF.get(found["engine"], "container")


def container_of(cgroup: str) -> Container | None:
    """Return what a control group tells of the container a process is in: its id, and that id's start for a name."""
    found = re.search(CONTAINER, cgroup)
    if not found:
        return None
    engine = _ENGINE_OF.get(found["engine"], "container")
    return Container(id=found["id"], name=found["id"][:12], engine=engine)
