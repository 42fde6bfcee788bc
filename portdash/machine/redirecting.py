"""Which tool stops a server that would only be started again: its unit's manager, its supervisor."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from portdash.errors import Refused
from portdash.machine.ancestry import is_reaper, is_user_unit, unit_of
from portdash.machine.keepers import keeper_of
from portdash.model.ending import Tool, spelled
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.machine.processes import Setting
    from portdash.model.listener import Process

Variables = Callable[[int, frozenset[str]], Mapping[str, str]]
"""Reads these variables of a process, and none else."""

SYSTEM: str = sys.platform
ASKING = 5.0
"""Seconds that a tool may take to answer a question."""
STOPPING = 60.0
"""Seconds that it may take to stop something."""

_LOCAL = re.compile(r"unix:///\S+|http://(127\.0\.0\.1|localhost):\d{1,5}/?")
"""Where a supervisord of this machine is asked; what follows a port may name another one."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,99}")
_PM2 = frozenset(("pm_id", "PM2_HOME"))
_SUPERVISOR = frozenset(("SUPERVISOR_PROCESS_NAME", "SUPERVISOR_GROUP_NAME", "SUPERVISOR_SERVER_URL"))
_LAUNCHD = frozenset(("XPC_SERVICE_NAME",))
_BY_HAND = {
    "circus": "`circusctl stop NAME` stops it",
    "forever": "`forever stop {pid}` stops it",
    "monit": "`monit stop NAME` stops it",
    "s6": "`s6-svc -d DIRECTORY` stops it",
    "runit": "`sv down NAME` stops it",
    "openrc": "`rc-service NAME stop` stops it",
}
"""Supervisors that start again what ends, and do not tell it under which name they know it."""


def tool_for(
    top: Process, above: Sequence[Process], setting: Setting, tree: Collection[int], ask: Variables
) -> Tool | None:
    """Return what stops a server whose topmost process is `top`, None where ending its processes is the way.

    Raises Refused where somebody would start it again, and only a person can say to whom that is told.
    """
    if not above:
        return None
    if is_reaper(above[0]):
        return stopping_unit(setting, tree) or _launchd(top, above[0], ask)
    keeper = keeper_of(above[0].name or "", above[0].command or ())
    if keeper is None:
        return None
    if keeper.label == "pm2":
        return _pm2(top, ask)
    if keeper.label == "supervisord":
        return _supervisor(top, ask)
    if hint := _BY_HAND.get(keeper.label):
        raise Refused(f"{top.label} is not ended: {above[0].label} would start it again", hint=hint.format(pid=top.pid))
    return None


def unit_tool(setting: Setting) -> Tool | None:
    """Return what stops the unit that a process runs in."""
    unit = unit_of(setting.cgroup)
    if unit is None:
        return None
    manager = ("systemctl", "--user") if is_user_unit(setting.cgroup) else ("systemctl",)
    return Tool(f"the unit {unit}", (*manager, "stop", unit))


def stopping_unit(setting: Setting, tree: Collection[int]) -> Tool | None:
    """Return what stops the unit that a process, whose parent is the system's first one, serves.

    None where it was merely left behind in one, as a daemon that a job of cron started: the unit's main process is
    another then.
    """
    tool = unit_tool(setting)
    if tool is None:
        return None
    main = _main_pid(tool)
    return tool if main is None or main in tree else None


def _main_pid(tool: Tool) -> int | None:
    """Return the main process of a unit, None where it has none, or nobody can tell."""
    said = _run((*tool.argv[:-2], "show", "--property=MainPID", "--value", "--", tool.argv[-1]), ASKING)
    return int(said) if said is not None and said.isdigit() and said != "0" else None


def _pm2(top: Process, ask: Variables) -> Tool:
    told = ask(top.pid, _PM2)
    number = told.get("pm_id", "")
    if not number.isdigit() or not number.isascii():
        raise Refused(
            f"{top.label} is not ended: pm2 would start it again", hint="`pm2 list` names it, `pm2 stop NAME` stops it"
        )
    return Tool(f"{top.label} under pm2", ("pm2", "stop", number), _only(told, "PM2_HOME"))


def _supervisor(top: Process, ask: Variables) -> Tool:
    told = ask(top.pid, _SUPERVISOR)
    name, group = told.get("SUPERVISOR_PROCESS_NAME", ""), told.get("SUPERVISOR_GROUP_NAME", "")
    if not _NAME.fullmatch(name) or (group and not _NAME.fullmatch(group)):
        raise Refused(
            f"{top.label} is not ended: supervisord would start it again",
            hint="`supervisorctl status` names it, `supervisorctl stop NAME` stops it",
        )
    url = told.get("SUPERVISOR_SERVER_URL", "")
    local = _LOCAL.fullmatch(url) is not None
    server = ("-s", url) if local and clean(url) == url else ()
    whole = name if group in ("", name) else f"{group}:{name}"
    return Tool(f"{clean(whole)} under supervisord", ("supervisorctl", *server, "stop", whole))


def _launchd(top: Process, above: Process, ask: Variables) -> Tool | None:
    if SYSTEM != "darwin" or above.pid != 1:
        return None
    label = ask(top.pid, _LAUNCHD).get("XPC_SERVICE_NAME", "0")
    if label == "0" or label.startswith("application.") or not _NAME.fullmatch(label):
        return None
    return Tool(f"the job {label}", ("launchctl", "bootout", f"gui/{os.getuid()}/{label}"))


def _only(told: Mapping[str, str], name: str) -> tuple[tuple[str, str], ...]:
    return ((name, told[name]),) if name in told else ()


def use(tool: Tool) -> None:
    """Let the tool stop what it stops. Raises Refused when it is missing, fails or takes too long."""
    program = shutil.which(tool.argv[0])
    if program is None:
        raise Refused(
            f"{tool.stops} is stopped with {tool.argv[0]}, which is not installed here", hint=f"`{spelled(tool)}`"
        )
    try:
        done = subprocess.run(
            [program, *tool.argv[1:]],
            env={**os.environ, **dict(tool.environ)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=STOPPING,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(f"`{spelled(tool)}` did not stop it: {clean(str(error))}", hint="run it yourself") from error
    if done.returncode:
        said = next(iter((done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()), "")
        why = f": {clean(said, limit=200)}" if said else ""
        raise Refused(
            f"`{spelled(tool)}` failed with status {done.returncode}{why}", hint="run it yourself, or as root"
        )


def _run(argv: Sequence[str], seconds: float) -> str | None:
    """Return what a command says, None where it is missing or fails."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
