"""What the API offers, a line a route: the schema is made from it, and a test holds it against the routes."""

from __future__ import annotations

from types import MappingProxyType

from msgspec import Struct

from portdash.api import examples, shapes
from portdash.api.bodies import AllocateBody, Body, ResolveBody
from portdash.record import record

MANAGEMENT, DISCOVERY = "/api/v1/port-management", "/api/v1/discovery"


@record(kw_only=True)
class Parameter:
    """A parameter of a request."""

    name: str
    place: str
    """`path`, `query` or `header`."""
    text: str
    schema: MappingProxyType[str, object]


def _parameter(name: str, place: str, text: str, **schema: object) -> Parameter:
    return Parameter(name=name, place=place, text=text, schema=MappingProxyType(schema))


_WHOLE = {"type": "integer", "minimum": 0, "maximum": 999_999_999_999}
_WAIT = (
    _parameter("since", "query", "Wait until the store has another revision than this.", **_WHOLE),
    _parameter("timeout", "query", "Seconds to wait at most; 30 if not said.", type="integer", minimum=0, maximum=60),
    _parameter("If-None-Match", "header", "The ETag of an earlier answer.", type="string"),
)
_KEY = _parameter(
    "Idempotency-Key", "header", "Under one key a request has one effect.", type="string", pattern="^[!-~]{1,200}$"
)
_NAME = _parameter("name", "path", "The service.", type="string", pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,62}$")
_INSTANCE = _parameter(
    "name", "path", "The service, or an instance of it such as `web@2`.", type="string",
    pattern=r"^[A-Za-z][A-Za-z0-9._-]{0,62}(@([2-9]|[1-9][0-9]{1,2}))?$",
)  # fmt: skip
_LINES = _parameter("lines", "query", "So many at most; 100 if not said.", type="integer", minimum=1, maximum=1000)
_WORKSPACE = _parameter("workspace", "path", "Workspace.", type="string", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")
_PORT = _parameter("port", "path", "The port.", type="integer", minimum=1, maximum=65535)
_DETAILED = _parameter("detailed", "query", "Whether each service is told.", type="boolean")
_LAST = _parameter("Last-Event-ID", "header", "The id of the last event that was read.", **_WHOLE)


@record(kw_only=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    text: str
    """What it does, in a sentence."""
    answer: type[Struct] | None = None
    """What it is answered with; None where nothing is, or no JSON."""
    statuses: tuple[int, ...] = (200,)
    """Where all is well, and of `health` where all is not."""
    example: object = None
    body: type[Body] | None = None
    body_example: object = None
    parameters: tuple[Parameter, ...] = ()
    media: str = "application/json"


ROUTES = (
    Route(
        method="GET", path="/api/ports", text="Ports and URLs of the services of this workspace.",
        answer=shapes.Ports, example=examples.PORTS, parameters=_WAIT, statuses=(200, 304),
    ),
    Route(
        method="GET", path="/api/health", text="How the services of this workspace are, without asking them.",
        answer=shapes.Overview, example=examples.OVERVIEW, parameters=(_DETAILED,),
    ),
    Route(
        method="GET", path=f"{MANAGEMENT}/allocations", text="Every service of this machine that has a port.",
        answer=shapes.Allocations, parameters=_WAIT, statuses=(200, 304),
        example={"schema_version": 1, "revision": 7, "assignments": [examples.SERVICE]},
    ),
    Route(
        method="GET", path=f"{MANAGEMENT}/utilization", text="How full the ranges of ports are.",
        answer=shapes.Utilization, parameters=_WAIT, statuses=(200, 304),
        example={"schema_version": 1, "revision": 7, "ranges": [examples.RANGE], "notices": []},
    ),
    Route(
        method="GET", path=f"{MANAGEMENT}/conflicts", text="Where intent and reality disagree.",
        answer=shapes.Conflicts, parameters=_WAIT, statuses=(200, 304),
        example={"schema_version": 1, "revision": 7, "conflicts": [examples.CONFLICT]},
    ),
    Route(
        method="POST", path=f"{MANAGEMENT}/allocate", text="Give a service a port, or say which one it has.",
        answer=shapes.Allocated, statuses=(200, 201), body=AllocateBody, parameters=(_KEY,),
        body_example={"service_name": "web", "service_type": "gateway", "preferred_port": 3000},
        example={"schema_version": 1, "assignments": [examples.SERVICE], "notices": []},
    ),
    Route(
        method="DELETE", path=f"{MANAGEMENT}/release/{{port}}", statuses=(204,), parameters=(_PORT, _KEY),
        text="Give the port of a service back, and with it those that inherit it.",
    ),
    Route(
        method="POST", path=f"{MANAGEMENT}/resolve", text="Make the plan that ends conflicts, and apply it.",
        answer=shapes.Resolved, body=ResolveBody, parameters=(_KEY,),
        body_example={"service": "web", "strategy": "minimal", "dry_run": True},
        example={"schema_version": 1, "plan": examples.PLAN, "applied": True},
    ),
    Route(
        method="GET", path=f"{DISCOVERY}/services", text="Every service with who listens, and every listener besides.",
        answer=shapes.Services, parameters=_WAIT, statuses=(200, 304),
        example={"schema_version": 1, "revision": 7, "services": [examples.SERVICE], "listeners": []},
    ),
    Route(
        method="POST", path=f"{DISCOVERY}/services/refresh", text="Look again now, and tell what there is.",
        answer=shapes.Services,
        example={"schema_version": 1, "revision": 7, "services": [examples.SERVICE], "listeners": []},
    ),
    Route(
        method="GET", path=f"{DISCOVERY}/services/{{name}}/health", parameters=(_NAME,), statuses=(200, 503),
        text="Ask a service of this workspace how it is: 503 where nothing should be sent to it.",
        answer=shapes.ServiceHealth, example=examples.HEALTH,
    ),
    Route(
        method="GET", path=f"{DISCOVERY}/services/{{workspace}}/{{name}}/health", parameters=(_WORKSPACE, _NAME),
        text="The same for a service of another workspace.", statuses=(200, 503), answer=shapes.ServiceHealth,
        example=examples.HEALTH,
    ),
    Route(
        method="POST", path=f"{DISCOVERY}/services/{{name}}/start", parameters=(_INSTANCE, _KEY),
        text="Run the command that a service of this workspace declares, and tell whether it listens.",
        answer=shapes.Started, example=examples.STARTED,
    ),
    Route(
        method="POST", path=f"{DISCOVERY}/services/{{name}}/stop", parameters=(_INSTANCE, _KEY),
        text="Let a service that portdash runs end.", answer=shapes.Asked, example=examples.ASKED,
    ),
    Route(
        method="POST", path=f"{DISCOVERY}/services/{{name}}/restart", parameters=(_INSTANCE, _KEY),
        text="Let a service that portdash runs end, and start again on the port it has.", answer=shapes.Asked,
        example={**examples.ASKED, "detail": "web is on 3000"},
    ),
    Route(
        method="GET", path=f"{DISCOVERY}/services/{{name}}/log", parameters=(_INSTANCE, _LINES),
        text="The latest lines that a service printed, without colours.", answer=shapes.Printed,
        example=examples.PRINTED,
    ),
    Route(
        method="GET", path="/api/v1/events", parameters=(_LAST,), media="text/event-stream", answer=shapes.EventData,
        text="What happens, as server-sent events; who comes back with Last-Event-ID is told what it missed.",
    ),
)  # fmt: skip


def methods_at(path: str) -> tuple[str, ...]:
    """Return the methods that do something at a path; what is not in the schema is only looked at."""
    parts = path.rstrip("/").split("/")  # a slash at the end makes no other path of it
    found = tuple(route.method for route in ROUTES if _fits(route.path.split("/"), parts)) or ("GET",)
    return tuple(each for method in found for each in (("GET", "HEAD") if method == "GET" else (method,)))


def _fits(template: list[str], parts: list[str]) -> bool:
    pairs = zip(template, parts, strict=False)
    return len(template) == len(parts) and all(each == part or each.startswith("{") for each, part in pairs)
