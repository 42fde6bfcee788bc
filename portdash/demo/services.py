"""The twenty services of the invented machine: what each asked for, what it got, when, and why."""

from pathlib import Path

from portdash.config.services import ServiceConfig
from portdash.demo.places import BLOG, DAY, FIX, HOST, HOUR, INFRA, MINUTE, NOW, SHOP, USER
from portdash.model.assignment import Assignment, Match, Reason, ServiceKey, ServiceSpec, Source, Verdict
from portdash.model.policy import TypeRange
from portdash.model.ports import PortRange
from portdash.model.workspace import Workspace

ENVIRONMENT = "development"
WEB_RANGE = TypeRange("web", PortRange(3000, 3999), "web", 3)
"""Set aside in the user's configuration, beside the ranges that are built in."""


def _row(
    workspace: Workspace,
    name: str,
    port: int,
    age: float,
    *refused: tuple[int, Verdict, str],
    type: str | None = None,  # noqa: A002  the word of the model
    runs: str | None = None,
    process: str | None = None,
    inherit_from: str | None = None,
    purpose: str = "",
) -> Assignment:
    """Return an assignment made `age` seconds ago. What was `refused` is what it asked for before, in order.

    `process` and `runs` say how its own server is recognised: name, and text of the command line.
    """
    source = Source.INHERITED if inherit_from else Source.FALLBACK if refused else Source.PREFERRED
    wanted = refused[0][0] if refused else port
    match = Match(process=process, command=runs, directory=workspace.root) if process else None
    reasons = (*(Reason(*each) for each in refused), Reason(port, Verdict.CHOSEN))
    return Assignment(
        key=ServiceKey(HOST, USER, workspace.name, ENVIRONMENT, name.casefold()),
        spec=ServiceSpec(
            name=name,
            type=type,
            purpose=purpose,
            preferred=() if inherit_from else (wanted,),
            inherit_from=inherit_from,
            match=match,
        ),
        port=port,
        source=source,
        attempts=len(reasons),
        reasons=reasons,
        assigned_at=NOW - age,
        actor="cli",
    )


_MORNING = 2 * HOUR + 16 * MINUTE

SHOP_ROWS = (
    _row(SHOP, "redis", 6379, 12 * DAY, type="cache", purpose="Sessions and carts"),
    _row(SHOP, "metrics", 9090, 12 * DAY, type="monitoring", purpose="Prometheus exporter"),
    _row(SHOP, "api", 8000, _MORNING, type="gateway", process="uvicorn", runs="shop.api", purpose="Shop API"),
    _row(SHOP, "websocket", 8000, _MORNING, inherit_from="api", purpose="Live basket"),
    _row(
        SHOP,
        "worker",
        5174,
        _MORNING,
        (5173, Verdict.LISTENING, "node 5161 (shop@fix-login)"),
        process="node",
        runs="worker.js",
        purpose="Background jobs",
    ),
    _row(SHOP, "web", 3000, HOUR + 53 * MINUTE, type="web", process="node", runs="next", purpose="Shop front"),
)
PREVIEW = _row(SHOP, "preview", 3001, 25 * MINUTE, (3000, Verdict.ASSIGNED, "shop/web"), type="web")
"""Assigned this morning and given back 40 seconds ago: its port is still kept from others."""

FIX_ROWS = (
    _row(
        FIX,
        "api",
        8001,
        10 * MINUTE,
        (8000, Verdict.ASSIGNED, "shop/api"),
        type="gateway",
        process="uvicorn",
        runs="shop.api",
    ),
    _row(FIX, "redis", 6380, 10 * MINUTE, (6379, Verdict.ASSIGNED, "shop/redis"), type="cache"),
    _row(FIX, "storybook", 6006, 10 * MINUTE, process="node", runs="storybook"),
    _row(FIX, "websocket", 8001, 10 * MINUTE, inherit_from="api"),
    _row(
        FIX,
        "web",
        3002,
        4 * MINUTE,
        (3000, Verdict.ASSIGNED, "shop/web"),
        (3001, Verdict.ASSIGNED, "shop/preview"),
        type="web",
        process="node",
        runs="next",
    ),
)
BLOG_ROWS = (
    _row(BLOG, "db", 5432, 6 * DAY, type="database"),
    _row(BLOG, "mail", 8025, 6 * DAY),
    _row(BLOG, "cms", 1337, 6 * DAY, process="node", runs="strapi"),
    _row(BLOG, "web", 4321, 6 * DAY, process="node", runs="astro"),
)
INFRA_ROWS = (
    _row(INFRA, "grafana", 3100, 6 * DAY, (3000, Verdict.PREFERRED_BY, "shop/web"), purpose="Dashboards"),
    _row(INFRA, "loki", 3101, 6 * DAY, (3100, Verdict.ASSIGNED, "infra/grafana"), purpose="Logs"),
    _row(INFRA, "otel", 4318, 6 * DAY, purpose="Traces"),
    _row(INFRA, "prometheus", 9091, 6 * DAY, (9090, Verdict.ASSIGNED, "shop/metrics"), purpose="Metrics"),
    _row(INFRA, "traefik", 8080, 6 * DAY, type="gateway", purpose="Reverse proxy"),
)

_COMMANDS = {
    "api": "uvicorn shop.api:app --port {port}",
    "metrics": "python -m shop.metrics",
    "web": "npm run dev",
    "worker": "node worker.js",
}


def declarations() -> tuple[ServiceConfig, ...]:
    """Return the services as the project file of the shop would declare them."""
    return tuple(
        ServiceConfig(
            spec=row.spec,
            command=tuple(command.split()) if (command := _COMMANDS.get(row.name)) else None,
            root=Path(SHOP.root) if SHOP.root and row.name in _COMMANDS else None,
        )
        for row in SHOP_ROWS
    )
