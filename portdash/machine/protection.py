"""Which processes are never ended, why, and which tool does it instead."""

import os
from collections.abc import Sequence

from portdash.errors import Refused
from portdash.machine.ancestry import is_reaper, parents
from portdash.machine.keepers import keeper_of
from portdash.machine.processes import Setting
from portdash.machine.redirecting import stopping_unit
from portdash.model.ending import Allowance, spelled
from portdash.model.listener import Process
from portdash.model.plan import Target
from portdash.model.protected import data_owner_of, protection_of
from portdash.model.sources import ProcessTable

_HOSTS = frozenset(("terminal", "vscode", "cursor", "windsurf", "zed", "jetbrains"))
"""Keepers in which people work."""


def own_pids(table: ProcessTable) -> frozenset[int]:
    """Return this process, those above it and the leader of its session: what we would go down with."""
    own = {os.getpid()}
    if process := table.process(os.getpid()):
        own.update(each.pid for each in parents(table, process))
    if hasattr(os, "getsid"):
        own.add(os.getsid(0))
    return frozenset(own)


def check_allowed(
    process: Process, target: Target, *, above: Sequence[Process], setting: Setting, user: str, own: frozenset[int]
) -> None:
    """Raise Refused unless this process may be ended to free the target's port."""
    name = (process.name or "").casefold()
    if process.pid <= 2:
        raise _refused(process, "runs the system", "stop the unit it serves with its own tool")
    if process.pid in own:
        raise _refused(process, "is portdash itself, or what portdash runs in", "end it from another terminal")
    if protected := protection_of(name):
        raise _refused(process, protected.because, protected.hint.format(port=target.port))
    if name == "ssh" and process.command and process.command[0].endswith("[mux]"):
        raise _refused(process, "carries the ports of a virtual machine", "stop the container or the machine itself")
    keeper = keeper_of(process.name or "", process.command or ())
    if keeper and (keeper.label in _HOSTS or keeper.is_agent):
        work = "is a coding agent at work" if keeper.is_agent else "is where people work"
        raise _refused(process, work, "close it there")
    check_owner(process, target, user=user)
    if above and is_reaper(above[0]) and (tool := stopping_unit(setting, (process.pid,))):
        raise _refused(process, f"is {tool.stops}, which may start it again", f"`{spelled(tool)}` ends it")


def check_owner(process: Process, target: Target, *, user: str) -> None:
    """Raise Refused for another user's process and for a database, unless that was agreed to."""
    if process.user is None:
        raise _refused(process, "has an owner that may not be read", "whoever runs it can end it")
    is_other = process.user.rpartition("\\")[2].casefold() != user.casefold()
    if is_other and Allowance.OTHER_USER not in target.allows:
        who = f"that user can end it, or an administrator with `portdash free {target.port} --other-user`"
        raise _refused(process, f"belongs to the user {process.user}", who)
    data = data_owner_of(process.name or "")
    if data and Allowance.DATA not in target.allows:
        hint = f"{data.hint.format(port=target.port)}; `portdash free {target.port} --i-know` ends it as any other"
        raise _refused(process, data.because, hint)


def _refused(process: Process, because: str, hint: str) -> Refused:
    return Refused(f"{process.label} is not ended: it {because}", hint=hint)
