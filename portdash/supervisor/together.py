"""Several declared services brought up: what comes along, all their ports in one batch, then each behind what it needs.

The one way to start several, whoever asks: `up`, with or without `-d`, and through it `starting_all`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from portdash.errors import LockedDown, UsageError
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish
from portdash.model.names import base_name
from portdash.planning.start_order import Part, sharers, start_order
from portdash.record import record, replace
from portdash.supervisor.background import ERROR, TALK
from portdash.supervisor.declared import check_trusted
from portdash.supervisor.handing import check_can_hand
from portdash.supervisor.lines import Lines
from portdash.supervisor.log_lines import shown
from portdash.supervisor.progress import How, Progress
from portdash.supervisor.up import Stage, Up
from portdash.text import clean

_ERRORS = 2
"""The descriptor of what a process complains of."""


@record
class Together:
    """What came of it."""

    code: int
    """0 where all is up, or has ended well; 1 where one is not; 128 and more after a signal."""
    ports: dict[str, int]
    """By the name of a part that was started and listens."""


def parts_of(deps: Deps, names: Sequence[str]) -> tuple[Part, ...]:
    """Return what is started for these services of this workspace, in order; no names: all that have a command.

    Raises LockedDown, UsageError, NoSuchService, InvalidName, NotTrusted: of none of them anything is started then.
    """
    check_can_hand("`up`")
    if deps.config.read_only:
        raise LockedDown("read-only: nothing is started")
    parts = start_order(deps.config.services, [_here(deps, name) for name in names])
    if not parts:
        raise UsageError("no service has a command", hint="`portdash add NAME --command …` declares one")
    for part in parts:
        declared = deps.config.service(base_name(part.name))
        assert declared is not None
        check_trusted(declared)
    return parts


def place_all(deps: Deps, parts: Sequence[Part]) -> tuple[str, ...]:
    """Give all parts their ports, and those that share one; return what is worth saying. Raises as `allocate` does.

    All at once, and first: each finds the ports of the others in its environment, and who is faster is no matter.
    """
    named = [part.name for part in parts]
    placed = (*named, *sharers(deps.config.services, named))
    return allocate(deps, [Wish(name=name) for name in placed]).notices


def bring_up(deps: Deps, parts: Sequence[Part], stage: Stage) -> Together:
    """Start the parts, and wait: until all are up or have failed, or, where the stage stays, until their end.

    Whoever leaves them running has to end then: asyncio kills a process of which it forgets what it kept. A face that
    lives on has `starting_all` for it.
    """
    ear = _Ear(stage)
    up = Up(deps, parts, replace(stage, hear=ear.hear, tell=ear.tell))
    return Together(asyncio.run(up.run()), up.ports)


class _Ear:
    """Passes on what is heard, and tells of a part that never listened what was complained of last."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._lines: defaultdict[str, Lines] = defaultdict(Lines)
        self._last: dict[str, bytes] = {}

    def hear(self, name: str, number: int, data: bytes) -> None:
        self._stage.hear(name, number, data)
        if number == _ERRORS:
            for line in self._lines[name].add(data):
                self._last[name] = line

    def tell(self, progress: Progress) -> None:
        if progress.how is How.FAILED and progress.port is None:
            line = self._lines[progress.name].rest() or self._last.get(progress.name, b"")
            words = shown(line, colours=False).removeprefix(TALK).removeprefix(ERROR)
            progress = replace(progress, said=clean(words))
        self._stage.tell(progress)


def _here(deps: Deps, name: str) -> str:
    """Return the bare name of a service of this workspace. Raises UsageError for another one's."""
    where, slash, bare = name.rpartition("/")
    workspace = deps.place.workspace
    if slash and where.casefold() not in (workspace.name.casefold(), workspace.label.casefold()):
        raise UsageError(
            f"{clean(name)} is a service of another workspace", hint="go there, its commands are declared in its files"
        )
    return bare
