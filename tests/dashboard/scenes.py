"""Snapshots made by hand: a working day with four workspaces, and what is needed to make others."""

from collections.abc import Sequence
from dataclasses import replace

from portdash.model.assignment import Assignment, Reason, ServiceKey, ServiceSpec, Source, Verdict
from portdash.model.conflict import Conflict, ConflictKind
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.listener import Ancestor, Attribution, Container, Listener, Ownership, Process
from portdash.model.policy import Policy, PortLimits
from portdash.model.ports import IpProtocol, PortRange
from portdash.model.project import Project
from portdash.model.snapshot import SeenListener, ServiceView, Snapshot, Status
from portdash.model.workspace import Workspace

NOW = 1_800_000_000.0
HOST, USER, HOME = "h-1", "ann", "/home/ann"
MINUTE, HOUR, DAY = 60, 3600, 86400

SHOP = Workspace(name="shop", root=f"{HOME}/src/shop", repository="shop")
FIX = Workspace(name="shop~1a2b", root=f"{HOME}/src/shop-fix-login", repository="shop", worktree="fix-login")
BLOG = Workspace(name="blog", root=f"{HOME}/src/blog", repository="blog")
INFRA = Workspace(name="infra", root=f"{HOME}/src/infra", repository="infra")
WORKSPACES = (SHOP, FIX, BLOG, INFRA)


def key_of(workspace: Workspace, name: str) -> ServiceKey:
    return ServiceKey(HOST, USER, workspace.name, "development", name.casefold())


def project_of(workspace: Workspace) -> Project:
    assert workspace.root
    return Project(
        root=workspace.root, name=workspace.name, repository=workspace.repository, worktree=workspace.worktree
    )


def listener(
    port: int,
    pid: int = 0,
    name: str = "node",
    *,
    up: float | None = 60,
    via: str | None = None,
    workspace: Workspace | None = None,
    project: Project | None = None,
    container: str | None = None,
    address: str = "127.0.0.1",
    command: tuple[str, ...] | None = None,
    connections: int | None = None,
    user: str = USER,
    orphan: bool = False,
    ancestors: tuple[Ancestor, ...] = (),
) -> Listener:
    """One socket; pid 0 is an owner that may not be read."""
    where = project or (project_of(workspace) if workspace else None)
    started = None if up is None else NOW - up
    owner = Process(
        pid=pid, started_at=started, ticks=pid, name=name, command=command, user=user, cwd=where.root if where else "/"
    )
    return Listener(
        protocol=IpProtocol.TCP,
        address=address,
        port=port,
        owner=owner if pid else None,
        pids=(pid,) if pid else (),
        user=user,
        project=where,
        container=Container(id=f"id-{container}", name=container) if container else None,
        via=via,
        connections=connections,
        orphan=orphan,
        ancestors=ancestors,
    )


def service(
    workspace: Workspace,
    name: str,
    port: int,
    *,
    source: Source = Source.PREFERRED,
    missed: int | None = None,
    inherit: str | None = None,
    own: Listener | None = None,
    foreign: Listener | None = None,
    elsewhere: Listener | None = None,
    health: Health | None = None,
    conflicts: tuple[Conflict, ...] = (),
    reasons: tuple[Reason, ...] = (),
) -> ServiceView:
    """A service with an assignment, and who listens on it."""
    key = key_of(workspace, name)
    spec = ServiceSpec(name=name, preferred=(missed or port,), inherit_from=inherit)
    row = Assignment(key=key, spec=spec, port=port, source=source, reasons=reasons, assigned_at=NOW - 2 * HOUR)
    holder = own or foreign
    ownership = Ownership.CONFIRMED if own else Ownership.FOREIGN
    status = Status.CONFLICT if conflicts else Status.RUNNING if own else Status.AVAILABLE
    return ServiceView(
        key=key,
        spec=spec,
        assignment=row,
        status=status,
        attribution=Attribution(ownership, ("working directory",)) if holder else None,
        health=health or Health(),
        listeners=tuple(each for each in (own, foreign) if each),
        elsewhere=(elsewhere,) if elsewhere else (),
        conflicts=conflicts,
    )


def conflict(kind: ConflictKind, workspace: Workspace, name: str, port: int, holder: str) -> Conflict:
    return Conflict(kind=kind, key=key_of(workspace, name), name=name, port=port, holder=holder, detail="")


def fast(milliseconds: float) -> Health:
    return Health(state=HealthState.HEALTHY, level=HealthLevel.HTTP, latency_ms=milliseconds)


def snapshot_of(
    services: Sequence[ServiceView] = (),
    others: Sequence[Listener] = (),
    *,
    workspaces: tuple[Workspace, ...] = WORKSPACES,
    workspace: str = "shop",
    taken_at: float = NOW,
    hidden_owners: int = 0,
    notices: tuple[str, ...] = (),
) -> Snapshot:
    """A snapshot of these services with their listeners, and these other listeners."""
    seen = []
    known: set[Listener] = set()
    for view in services:
        ownership = view.attribution.ownership if view.attribution else Ownership.UNKNOWN
        for each in (*view.elsewhere, *view.listeners):
            own = each in view.elsewhere or (ownership.is_ours and each is view.listeners[0])
            if each not in known and (own or not any(each in other.elsewhere for other in services)):
                known.add(each)
                seen.append(
                    SeenListener(each, view.key, Attribution(Ownership.CONFIRMED if own else Ownership.FOREIGN))
                )
    seen += [SeenListener(each) for each in others]
    return Snapshot(
        taken_at=taken_at,
        revision=42,
        store_url="memory:",
        host=HOST,
        user=USER,
        workspace=workspace,
        environment="development",
        policy=Policy(),
        limits=PortLimits(ephemeral=PortRange(32768, 60999)),
        workspaces=workspaces,
        services=tuple(services),
        listeners=tuple(sorted(seen, key=lambda each: each.listener.port)),
        conflicts=tuple(each for view in services for each in view.conflicts if not each.kind.is_notice),
        assignments={view.key: view.assignment for view in services if view.assignment},
        hidden_owners=hidden_owners,
        notices=notices,
    )


def working_day() -> Snapshot:
    """Twenty services of four workspaces, two conflicts, one hung, one flapping, and fifteen other listeners."""
    chain = (Ancestor(4110, "npm"), Ancestor(3907, "zsh"), Ancestor(3902, "claude"))
    thief = listener(
        3000, 4121, up=3 * MINUTE, via="claude", workspace=FIX, connections=2, ancestors=chain,
        command=("/usr/bin/node", "/home/ann/src/shop-fix-login/node_modules/.bin/next", "dev", "-p", "3000"),
    )  # fmt: skip
    up = 2 * HOUR + 14 * MINUTE
    uvicorn = listener(8000, 3990, "uvicorn", up=up, via="tmux 1.0", workspace=SHOP)
    uvicorn2 = listener(8001, 4077, "uvicorn", up=9 * MINUTE, via="claude", workspace=FIX)
    services = (
        service(SHOP, "api", 8000, own=uvicorn, health=fast(12)),
        service(SHOP, "metrics", 9090),
        service(SHOP, "redis", 6379, own=docker(6379, "shop-redis-1", 3 * DAY, SHOP)),
        service(
            SHOP,
            "web",
            3000,
            foreign=thief,
            reasons=(Reason(3000, Verdict.CHOSEN),),
            conflicts=(conflict(ConflictKind.SQUATTED, SHOP, "web", 3000, "node 4121 (shop@fix-login)"),),
        ),
        service(SHOP, "websocket", 8000, source=Source.INHERITED, inherit="api", own=uvicorn),
        service(
            SHOP,
            "worker",
            5174,
            source=Source.FALLBACK,
            missed=5173,
            health=fast(4),
            own=listener(5174, 4415, up=up, via="tmux 1.1", workspace=SHOP),
            reasons=(Reason(5173, Verdict.LISTENING, "node 4400"), Reason(5174, Verdict.CHOSEN)),
        ),
        service(FIX, "api", 8001, source=Source.FALLBACK, missed=8000, own=uvicorn2, health=fast(15)),
        service(FIX, "redis", 6380, source=Source.FALLBACK, missed=6379),
        service(
            FIX,
            "storybook",
            6006,
            health=fast(31),
            own=listener(6006, 4139, up=8 * MINUTE, via="claude", workspace=FIX),
        ),
        service(
            FIX,
            "web",
            3002,
            source=Source.FALLBACK,
            missed=3000,
            elsewhere=thief,
            conflicts=(conflict(ConflictKind.MISPLACED, FIX, "web", 3002, "node 4121"),),
        ),
        service(FIX, "websocket", 8001, source=Source.INHERITED, inherit="api", own=uvicorn2),
        service(
            BLOG,
            "cms",
            1337,
            own=listener(1337, 2811, up=26 * HOUR, via="tmux 2.0", workspace=BLOG),
            health=Health(state=HealthState.HUNG, level=HealthLevel.KERNEL, detail="40s, 5 waiting"),
        ),
        service(BLOG, "db", 5432, own=docker(5432, "blog-db-1", 6 * DAY, BLOG)),
        service(BLOG, "mail", 8025, own=docker(8025, "blog-mail-1", 6 * DAY, BLOG), health=fast(2)),
        service(
            BLOG,
            "web",
            4321,
            own=listener(4321, 6120, up=12, via="vscode", workspace=BLOG),
            health=Health(state=HealthState.DEGRADED, level=HealthLevel.HTTP, detail="flapping 6x in 5 min"),
        ),
        service(
            INFRA,
            "grafana",
            3100,
            source=Source.FALLBACK,
            missed=3000,
            health=fast(8),
            own=docker(3100, "infra-grafana-1", 6 * DAY, INFRA),
        ),
        service(
            INFRA, "loki", 3101, source=Source.FALLBACK, missed=3100, own=docker(3101, "infra-loki-1", 6 * DAY, INFRA)
        ),
        service(INFRA, "otel", 4318, own=docker(4318, "infra-otel-1", 6 * DAY, INFRA)),
        service(
            INFRA,
            "prometheus",
            9091,
            source=Source.FALLBACK,
            missed=9090,
            health=fast(5),
            own=docker(9091, "infra-prom-1", 6 * DAY, INFRA),
        ),
        service(INFRA, "traefik", 8080, health=fast(1), own=docker(8080, "infra-traefik-1", 6 * DAY, INFRA)),
    )
    return snapshot_of(services, other_listeners())


def docker(port: int, name: str, up: float, workspace: Workspace | None) -> Listener:
    """A published port of a container."""
    made = listener(port, 900, "docker-proxy", up=up, via="docker", workspace=workspace, container=name, user="root")
    return replace(made, owner=replace(made.owner, ticks=port)) if made.owner else made


def other_listeners() -> tuple[Listener, ...]:
    """Nine of projects and development, six of the system."""

    def run(script: str, *more: str) -> tuple[str, ...]:
        return ("node", f"/x/node_modules/.bin/{script}", *more)

    notes = Project(root=f"{HOME}/notes", name="notes")
    scratch = Project(root=f"{HOME}/scratch", name="scratch")
    legacy = Project(root=f"{HOME}/legacy", name="legacy")
    mongo = replace(docker(27017, "scratch-mongo-1", 9 * DAY, None), project=scratch, connections=0)
    database = replace(docker(3306, "legacy-db-1", 9 * DAY, None), project=legacy, connections=0)
    return (
        listener(5175, 5120, up=41 * MINUTE, via="claude", workspace=SHOP, connections=0, command=run("vite")),
        listener(5176, 5161, up=38 * MINUTE, via="claude", workspace=FIX, connections=2, command=run("vite")),
        listener(4173, 7702, up=2 * DAY, via="vscode", workspace=BLOG, connections=0, command=run("vite", "preview")),
        listener(6007, 7710, up=2 * DAY, orphan=True, workspace=BLOG, connections=0, command=run("storybook")),
        listener(8888, 2210, "jupyter-lab", up=27 * HOUR, orphan=True, project=notes, connections=1),
        mongo,
        database,
        listener(9229, 3991, up=2 * HOUR, via="tmux 1.1", connections=0, command=("node", "--inspect")),
        listener(11434, 1020, "ollama", up=6 * DAY, via="systemd", connections=0),
        listener(22, 700, "sshd", user="root", via="systemd"),
        listener(25, 701, "postfix", user="root", via="systemd"),
        listener(53, 702, "systemd-resolved", user="systemd-resolve", via="systemd"),
        listener(631, 703, "cupsd", user="root", via="systemd"),
        listener(40213, 704, "code", up=DAY),
        listener(45678, 705, "chrome", up=DAY),
    )
