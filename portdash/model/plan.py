"""What is going to be done: ordered steps with reasons, what they cost and what they leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.ports import IpProtocol
from portdash.model.workspace import Workspace
from portdash.record import record
from portdash.text import and_list, plural

if TYPE_CHECKING:
    from portdash.model.ending import Allowance, Tool
    from portdash.model.listener import Process

GRACE = 5.0
"""Seconds a process that is asked to end may take."""
DATA_GRACE = 10.0
"""The same for a database, which has something to write."""


class Strategy(StrEnum):
    """How far a plan may go to serve the claimant."""

    MINIMAL = "minimal"
    AGGRESSIVE = "aggressive"
    CONSERVATIVE = "conservative"


class Action(StrEnum):
    """One kind of step."""

    ASSIGN = "assign"
    """A service that had none gets a port."""
    MOVE = "move"
    """A service's assignment changes its port."""
    UPDATE = "update"
    """The port stays, what is recorded about the service changes."""
    RELEASE = "release"
    """An assignment is given back."""
    RESTART = "restart"
    """A supervised child is stopped and started on its new port."""
    TERMINATE = "terminate"
    """A process that holds the port is ended."""
    STOP_CONTAINER = "stop_container"
    """The container that holds the port is stopped."""


@record(kw_only=True)
class Target:
    """What a step ends: an identity that is checked again before anything is sent to it."""

    label: str
    """`node 4121`."""
    protocol: IpProtocol
    port: int
    pid: int | None = None
    started_at: float | None = None
    ticks: int = 0
    container_id: str | None = None
    beside: tuple[int, ...] = ()
    """Pids of others on this port that the same plan ends: that they still listen does not keep this one from going."""
    group: tuple[Process, ...] = ()
    """All that end together, each after the one that started it; empty where nobody has worked that out."""
    holding: tuple[int, ...] = ()
    """Those of the group that have the socket."""
    tool: Tool | None = None
    """What stops it instead of a signal."""
    allows: frozenset[Allowance] = frozenset()
    """What was agreed to besides."""
    is_supervised: bool = False
    """Whether portdash itself runs it, and only finds it where it should not be or is asked to free its port."""
    notes: tuple[str, ...] = ()
    """Worth knowing before one agrees: `claude started it, and may start it again`."""

    @property
    def whole(self) -> str:
        """All that end, in a word: `node 4121 and 2 more`, `the unit web.service`."""
        if self.tool:
            return self.tool.stops
        return self.label if self.count == 1 else f"{self.label} and {self.count - 1} more"

    @property
    def count(self) -> int:
        """How many processes end, as far as that has been worked out."""
        return max(1, len(self.group))


def grace_of(target: Target) -> float:
    """Return how many seconds a target gets between being asked to end and being given up, or killed."""
    from portdash.model.protected import data_owner_of  # noqa: PLC0415  only where something is ended

    keeps_data = any(data_owner_of(each.name or "") for each in target.group)
    return DATA_GRACE if keeps_data else GRACE


def depths(members: Iterable[Process]) -> Mapping[int, int]:
    """Return how far below the topmost each member stands."""
    found: dict[int, int] = {}
    for each in members:
        found[each.pid] = found[each.parent] + 1 if each.parent in found else 0
    return found


@record(kw_only=True)
class Step:
    """One thing to do. Exactly what is shown is what is done."""

    action: Action
    reason: str
    key: ServiceKey | None = None
    before: Assignment | None = None
    """The row as the plan found it; applying it fails if the store has another by then."""
    options: tuple[Assignment, ...] = ()
    """Rows that would do, best first. The first is what is shown; a rival who takes that port meanwhile costs one."""
    target: Target | None = None
    """Whom to end, for `terminate` and `stop_container`."""

    @property
    def after(self) -> Assignment | None:
        """The row as it will be, None where the step removes or does not touch one."""
        return self.options[0] if self.options else None

    @property
    def from_port(self) -> int | None:
        """Port before the step."""
        return self.before.port if self.before else None

    @property
    def to_port(self) -> int | None:
        """Port after the step."""
        return self.after.port if self.after else None


@record(order=True)
class Cost:
    """What a plan costs; less is better, from left to right."""

    running_moved: int = 0
    """Running services whose port changes."""
    moved: int = 0
    """Services whose port changes; an inherit group counts once."""
    lost: int = 0
    """Services that lose their first choice."""
    terminated: int = 0
    """Processes and containers ended that are not ours."""


@record
class Unresolved:
    """Something the plan leaves as it is."""

    text: str
    """One line for people: `web stays squatted on 3000: node 4121`."""
    asked: bool = True
    """Whether it is (part of) what was asked for: then the plan must not be applied."""
    restart: ServiceKey | None = None
    """The service whose server a person has to start again, where that is what is left."""


@record(kw_only=True)
class Plan:
    """The whole answer to one request. Applying it is all or nothing."""

    title: str
    """What it is for, as history will call it: `resolve web (minimal)`."""
    strategy: Strategy
    workspace: str
    revision: int
    """Store revision it was made from."""
    steps: tuple[Step, ...] = ()
    cost: Cost = Cost()
    optimal: bool = True
    """Whether the cost is proved to be the least possible."""
    unresolved: tuple[Unresolved, ...] = ()
    notices: tuple[str, ...] = ()
    """Worth saying, in the way of nothing: `PORT=abc is not a port; the search went on`."""
    workspaces: tuple[Workspace, ...] = ()
    """Workspaces to be written down with it, because they are new to the store."""
    undoes: str | None = None
    """Id of the operation it takes back."""
    only_frees: bool = False
    """Whether no service is to have the port next: connections that linger on it are no failure then."""

    @property
    def needs_consent(self) -> bool:
        """Whether it ends something, rather than asking a supervisor to move it."""
        return any(step.action in (Action.TERMINATE, Action.STOP_CONTAINER) for step in self.steps)

    @property
    def ends_text(self) -> str:
        """What it ends, ready to read: `1 process`, `1 process and 2 containers`; empty where it ends nothing."""
        containers = sum(step.action is Action.STOP_CONTAINER for step in self.steps)
        processes = self.cost.terminated - containers
        ended = (
            plural(processes, "process", "processes") if processes > 0 else "",
            plural(containers, "container") if containers else "",
        )
        return and_list(each for each in ended if each)

    @property
    def is_stuck(self) -> bool:
        """Whether it cannot give what was asked for, so that nothing of it may be applied."""
        return any(left.asked for left in self.unresolved)
