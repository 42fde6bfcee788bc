"""Which processes are never ended, why, and which tool does it instead."""

import os
from collections.abc import Sequence

from portdash.errors import Refused
from portdash.machine.ancestry import is_reaper, is_user_unit, parents, unit_of
from portdash.machine.keepers import keeper_of
from portdash.machine.processes import Setting
from portdash.model.listener import Process
from portdash.model.plan import Target
from portdash.model.protected import protection_of
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
    if keeper and keeper.label in _HOSTS:
        raise _refused(process, "is where people work", "close it there")
    _check_user(process, user)
    unit = unit_of(setting.cgroup)
    if unit and above and is_reaper(above[0]):
        manager = "systemctl --user" if is_user_unit(setting.cgroup) else "systemctl"
        raise _refused(process, f"is the unit {unit}, which may start it again", f"`{manager} stop {unit}` ends it")


def _check_user(process: Process, user: str) -> None:
    if process.user is None:
        raise _refused(process, "has an owner that may not be read", "whoever runs it can end it")
    if process.user.rpartition("\\")[2].casefold() != user.casefold():
        raise _refused(process, f"belongs to the user {process.user}", f"{process.user} or an administrator can end it")


def _refused(process: Process, because: str, hint: str) -> Refused:
    return Refused(f"{process.label} is not ended: it {because}", hint=hint)
