"""What has to end for a port to be free, worked out before anybody is asked; nothing is done here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from portdash.errors import Refused
from portdash.machine.ancestry import is_reaper, parents, topmost
from portdash.machine.checking import check_identity, known_pid
from portdash.machine.keepers import keeper_of
from portdash.machine.marked import marked_like
from portdash.machine.protection import check_allowed, check_owner
from portdash.machine.redirecting import tool_for
from portdash.machine.surroundings import rows_of, sharing, view_of
from portdash.machine.tree import Tree, tree_of
from portdash.model.ending import spelled
from portdash.text import and_list, clean

if TYPE_CHECKING:
    from portdash.machine.surroundings import Surroundings
    from portdash.model.ending import Tool
    from portdash.model.listener import Process
    from portdash.model.plan import Target

_NAMED = 4
"""Processes named in a note; of more only the number is told."""


def aim(target: Target, around: Surroundings) -> Target:
    """Return the target with its group, or with the tool that stops it instead, and with what is worth knowing.

    One that has ended by itself, and a container, come back as they are. Raises Refused when it must not be ended.
    """
    if target.container_id == "":
        from portdash.machine.containers.stopping import unknown_container  # noqa: PLC0415  only for containers

        raise unknown_container(target)
    if target.container_id is not None:
        return target
    pid = known_pid(target)
    view = view_of(target, around)
    process = view.processes.process(pid)
    if process is None:
        return target
    check_identity(process, target)
    holding = sharing((pid,), rows_of(target, around))
    owner = topmost(view.processes, holding) or process
    tree = tree_of(owner, holding, view)
    above = parents(view.processes, tree.top)
    pids = {each.pid for each in tree.members}
    if owner.pid not in view.own:
        tool = tool_for(tree.top, above, around.setting(tree.top.pid), pids, around.variables)
        if tool is not None:
            _check_tool(tool, owner, target, around)
            return replace(target, tool=tool)
    for each in tree.members:
        chain = parents(view.processes, each)
        check_allowed(each, target, above=chain, setting=around.setting(each.pid), user=around.user, own=view.own)
    found = tuple(other for other in marked_like(owner.pid) if other not in pids and other not in view.own)
    others = [marked for other in found if (marked := view.processes.process(other))]
    return replace(
        target,
        group=tree.members,
        holding=tuple(sorted(holding)),
        notes=tuple(_notes(tree, above, others)),
    )


def _check_tool(tool: Tool, owner: Process, target: Target, around: Surroundings) -> None:
    """Raise Refused where the tool would need more than we may do; the hint is what a person can type."""
    argv = tool.argv
    if argv[0] == "launchctl":
        raise Refused(
            f"{owner.label} is not ended: {tool.stops} would start it again", hint=f"`{spelled(tool)}` stops it"
        )
    if argv[:2] == ("systemctl", "stop") and os.geteuid() != 0:
        raise Refused(
            f"{owner.label} is {tool.stops}, which only an administrator stops", hint=f"`sudo {spelled(tool)}` stops it"
        )
    check_owner(owner, target, user=around.user)


def _notes(tree: Tree, above: tuple[Process, ...], others: list[Process]) -> Iterator[str]:
    parent = next(iter(above), None)
    keeper = next((found for each in above if (found := keeper_of(each.name or "", each.command or ()))), None)
    if keeper and keeper.is_agent:
        yield f"{keeper.label} started it, and may start it again"
    elif keeper and keeper.label == "foreman" and parent:
        yield f"{clean(parent.label)} may end its other processes when this one ends"
    elif parent and not is_reaper(parent) and not keeper and parent.user != tree.top.user:
        yield f"{clean(parent.label)} of another user started it"
    if tree.left:
        yield f"left alone, though below it: {_named(tree.left)}"
    left = [each for each in others if each not in tree.left]
    if left:
        yield f"left alone, though of the same run: {_named(left)}"


def _named(processes: list[Process] | tuple[Process, ...]) -> str:
    names = [clean(each.label) for each in processes[:_NAMED]]
    more = len(processes) - len(names)
    return and_list([*names, *([f"{more} more"] if more else [])])
