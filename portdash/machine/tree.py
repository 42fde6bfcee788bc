"""What has to end for a port to be free: the job that the server belongs to, and nothing beside it.

From the server the look goes up as long as what is above exists only to run it: the rest of its process group, a shell
with this one order, a reloader. It never passes a shell that a person types into, a terminal, an editor, an agent, a
supervisor, a protected process, or one that runs other servers as well.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from portdash.machine.ancestry import is_reaper
from portdash.machine.keepers import keeper_of
from portdash.machine.kinship import KinTable, children, descendants, in_job
from portdash.machine.wrappers import has_an_order, is_reloader, is_shell
from portdash.model.protected import data_owner_of, protection_of
from portdash.record import record

if TYPE_CHECKING:
    from portdash.model.listener import Process
    from portdash.model.sources import ProcessTable


@record(kw_only=True)
class View:
    """One look at the machine."""

    processes: ProcessTable
    kin: KinTable
    own: frozenset[int]
    """Ourselves and all above us."""
    elsewhere: Collection[int]
    """Processes that listen on other ports."""


@record
class Tree:
    """All that ends together, and what was found beside it."""

    members: tuple[Process, ...]
    """The topmost first, each after the one that started it."""
    left: tuple[Process, ...] = ()
    """Below it, and left alone: of another job, another user, or never to be ended."""

    @property
    def top(self) -> Process:
        """The one that started all others."""
        return self.members[0]


def tree_of(owner: Process, holding: Collection[int], view: View) -> Tree:
    """Return the tree of a server: `owner` is the topmost of those that have the socket, `holding` all of them.

    A database ends its own children, in an order that it knows, so it is a tree of one.
    """
    if data_owner_of(owner.name or ""):
        return Tree((owner,))
    chain = _climb(owner, holding, view)
    top = chain[-1]
    below = descendants(view.kin, top.pid)
    job = {*in_job(view.kin, below, (each.pid for each in chain)), *(each.pid for each in chain), *holding}
    found = {pid: process for pid in (*below, *sorted(holding)) if (process := view.processes.process(pid))}
    members = [
        process for pid, process in found.items() if pid in job and (pid in holding or _may(process, owner, view))
    ]
    named = {each.pid for each in members}
    return Tree(tuple(members) or (owner,), tuple(process for pid, process in found.items() if pid not in named))


def _climb(owner: Process, holding: Collection[int], view: View) -> list[Process]:
    """Return the server and those above it that belong to it, nearest first."""
    chain = [owner]
    seen = {owner.pid}
    while (parent := chain[-1].parent) and parent not in seen:
        above = view.processes.process(parent)
        if (
            above is None
            or not _belongs(above, chain[-1], owner, view)
            or _runs_others(above, chain[-1], holding, view)
        ):
            break
        seen.add(parent)
        chain.append(above)
    return chain


def _belongs(above: Process, below: Process, owner: Process, view: View) -> bool:
    if not _may(above, owner, view):
        return False
    name, command = above.name or "", above.command or ()
    if is_shell(name, command) and (not has_an_order(command) or children(view.kin, above.pid) != [below.pid]):
        return False
    group = {view.kin[pid].group for pid in (above.pid, below.pid) if pid in view.kin}
    return (len(group) == 1 and group != {0}) or is_reloader(name, command)


def _runs_others(above: Process, below: Process, holding: Collection[int], view: View) -> bool:
    """Say whether other servers than this one would end with `above`."""
    beside = set(descendants(view.kin, above.pid)) - set(descendants(view.kin, below.pid)) - set(holding)
    return bool(beside & set(view.elsewhere))


def _may(process: Process, owner: Process, view: View) -> bool:
    """Say whether a process that does not itself hold the port may end with the one that does."""
    name, command = process.name or "", process.command or ()
    if process.pid <= 2 or process.pid in view.own or is_reaper(process):
        return False
    if process.user is None or process.user != owner.user:
        return False
    return not (protection_of(name) or data_owner_of(name) or keeper_of(name, command))
