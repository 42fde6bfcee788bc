"""Starting an instance where there is none: a command through `portdash run -d`, or what the caller does himself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from portdash.errors import NoInstances, UsageError
from portdash.supervisor.background import leave_running
from portdash.text import clean

if TYPE_CHECKING:
    from portdash.manager.deps import Deps

Start: TypeAlias = Sequence[str] | Callable[[str], object]
"""A command, the program first, or a function that is given the name of the workspace."""
PATIENCE = 60.0
"""Seconds that a command has until it listens, or fails."""
_LISTENS, _RUNS = 0, 1
"""How `run -d` ends when the service listens, and when it runs already or does not listen yet."""


def starter(name: str, start: Start, *, cwd: Path, workspace: str | None) -> Callable[[Deps], None]:
    """Return what starts an instance of a service. It raises NoInstances when that fails. Raises UsageError."""
    if callable(start):
        return lambda deps: _call(start, workspace or deps.place.workspace.name)
    if not _is_command(start):
        raise UsageError("start= is no command", hint='a command is a list, ["uvicorn", "main:app"]; or say a function')
    command = tuple(start)
    return lambda deps: _run(name, command, cwd=cwd, environment=deps.config.environment, workspace=workspace)


def _is_command(said: object) -> bool:
    """Whether it is a list of words; a library's caller may hand in anything."""
    if isinstance(said, str) or not isinstance(said, Sequence):
        return False
    return bool(said) and all(isinstance(each, str) for each in said)


def _call(start: Callable[[str], object], workspace: str) -> None:
    start(workspace)


def _run(name: str, command: Sequence[str], *, cwd: Path, environment: str, workspace: str | None) -> None:
    """Start a command in the background, and come back when it listens. What another has started will do as well."""
    where = () if workspace is None else ("--workspace", workspace)
    arguments = ("--environment", environment, *where, "run", "-d", name, "--", *command)
    try:
        left = leave_running(arguments, cwd=cwd, patience=PATIENCE)
    except OSError as error:
        raise _failed(name, str(error)) from error
    if left.code not in (_LISTENS, _RUNS):
        raise _failed(name, left.error or left.complaint or f"exit code {left.code}")


def _failed(name: str, why: str) -> NoInstances:
    return NoInstances(
        f"there is no instance of {clean(name)}, and none could be started: {clean(why)}",
        hint=f"`portdash run {clean(name)} -- COMMAND` shows what its command says",
    )
