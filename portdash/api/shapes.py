"""The documents that are answered with, as types: what the schema is made from, and what a test holds answers against.

`portdash.report.serialise` writes them, for the command line too.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from portdash.model.assignment import Source, Verdict
from portdash.model.conflict import ConflictKind
from portdash.model.health import HealthLevel, HealthState
from portdash.model.history import EventKind
from portdash.model.listener import Ownership
from portdash.model.plan import Action, Strategy
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import Status


class Shape(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A JSON object; every key is always there."""


class Listener(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A socket seen on this machine. What may not be read is null."""

    protocol: IpProtocol
    address: str
    port: int
    pid: int | None
    pids: list[int]
    process: str | None
    command: str | None
    """Always null here: command lines hold what should not travel."""
    user: str | None
    cwd: str | None
    project: str | None
    container: str | None
    via: str | None
    connections: int | None
    orphan: bool | None
    started_at: str | None
    service: str | None
    workspace: str | None
    ownership: Ownership | None
    framework: str | None


class HealthVerdict(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a service is, and what that rests on."""

    state: HealthState
    level: HealthLevel
    latency_ms: float | None
    detail: str


class Candidate(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A port that was tried, and what became of it."""

    port: int | None
    verdict: Verdict
    holder: str | None


class Service(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service with its port, its server and its health."""

    name: str
    workspace: str
    environment: str
    host: str
    type: str | None
    purpose: str
    protocol: IpProtocol
    port: int | None
    home: int | None
    preferred: list[int]
    priority: int | None
    pin: bool
    source: Source | None
    attempts: int
    status: Status
    ownership: Ownership | None
    health: HealthVerdict
    listeners: list[Listener]
    reasons: list[Candidate]


class Conflict(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Intent and reality disagree."""

    kind: ConflictKind
    service: str
    port: int
    holder: str | None
    detail: str


class PortRange(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A range, and what has become of its ports."""

    name: str
    type: str | None
    priority: int
    first: int
    last: int
    total: int
    used: int
    assigned: int
    listening: int
    unusable: int
    free: int
    percent: float
    ephemeral: list[int] | None
    reserved: list[int]


class Step(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_port": "from", "to_port": "to"}):
    """One step of a plan."""

    action: Action
    service: str | None
    from_port: int | None
    to_port: int | None
    target: str | None
    reason: str


class Cost(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan disturbs."""

    running_moved: int
    moved: int
    terminated: int


class Plan(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is or was to be done."""

    strategy: Strategy
    steps: list[Step]
    cost: Cost
    optimal: bool
    unresolved: list[str]


class Allocations(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every service that has a port."""

    schema_version: Literal[1]
    revision: int
    assignments: list[Service]


class Utilization(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every range, the sequential search last."""

    schema_version: Literal[1]
    revision: int
    ranges: list[PortRange]
    notices: list[str]


class Conflicts(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every conflict, the worst first."""

    schema_version: Literal[1]
    revision: int
    conflicts: list[Conflict]


class Services(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every service and every listener."""

    schema_version: Literal[1]
    revision: int
    services: list[Service]
    listeners: list[Listener]


class Allocated(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The service with the port it has now."""

    schema_version: Literal[1]
    assignments: list[Service]
    notices: list[str]


class Resolved(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The plan, and whether it was applied."""

    schema_version: Literal[1]
    plan: Plan
    applied: bool


class ServiceHealth(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one service is."""

    schema_version: Literal[1]
    name: str
    port: int | None
    health: HealthVerdict
    url: str | UnsetType = UNSET
    """Only of a service whose URL is fixed."""


class Asked(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a question to who runs a service."""

    schema_version: Literal[1]
    name: str
    workspace: str
    port: int | None
    done: bool
    detail: str


class Started(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the start of a service went."""

    schema_version: Literal[1]
    name: str
    workspace: str
    port: int | None
    """Where it listens, or may yet; null when it has ended."""
    done: bool
    """Whether it listens."""
    detail: str
    lines: list[str]
    """What it printed last where it does not listen."""


class Printed(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The latest lines that a service printed, the newest last."""

    schema_version: Literal[1]
    name: str
    workspace: str
    lines: list[str]


class Ports(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ports by service, `environment` and `urls`."""

    success: bool
    data: dict[str, int | str | dict[str, str]]


class Vital(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one service is, by what can be seen without asking it."""

    status: HealthState
    connections: int | None
    uptime: float | None
    """Seconds since its process started."""
    timestamp: str


class Overview(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How all services of the workspace are."""

    status: Literal["healthy", "unhealthy"]
    timestamp: str
    services: dict[str, Vital] | UnsetType = UNSET
    """Only where details are asked for."""


class EventData(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"before": "from", "after": "to"}):
    """The data of one event."""

    at: str | None
    kind: EventKind
    workspace: str
    service: str | None
    before: int | None
    after: int | None
    actor: str
    reason: str
    revision: int
    host: str | None
    """On which host, where that was written down."""
