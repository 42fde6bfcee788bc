"""A small world to report about, built from the model alone."""

from dataclasses import replace

from portdash.model.assignment import Assignment, Reason, ServiceKey, ServiceSpec, Source, Verdict
from portdash.model.conflict import Conflict, ConflictKind
from portdash.model.listener import Attribution, Container, Listener, Ownership, Process
from portdash.model.policy import Policy, PortLimits
from portdash.model.ports import IpProtocol
from portdash.model.project import Project
from portdash.model.snapshot import SeenListener, ServiceView, Snapshot, Status
from portdash.model.workspace import Workspace

NOW = 1_741_086_122.0  # 2025-03-04 11:02:02 UTC
SHOP = Workspace(name="shop", root="/home/ann/src/shop", repository="shop")
FIX = Workspace(name="shop~1a2b", root="/home/ann/src/shop-fix", repository="shop", worktree="fix-login")


def key_of(name: str, workspace: str = "shop") -> ServiceKey:
    return ServiceKey("5f3a", "ann", workspace, "development", name.casefold())


def assignment(name: str, port: int, source: Source = Source.PREFERRED, **rest: object) -> Assignment:
    spec = ServiceSpec(name=name, preferred=(port,) if source is Source.PREFERRED else ())
    row = Assignment(key=key_of(name), spec=spec, port=port, source=source)
    return replace(row, **rest)


def view_of(row: Assignment, **rest: object) -> ServiceView:
    view = ServiceView(key=row.key, spec=row.spec, assignment=row, status=Status.AVAILABLE)
    return replace(view, **rest)


def snapshot_of(*views: ServiceView, **rest: object) -> Snapshot:
    snapshot = Snapshot(
        taken_at=NOW,
        revision=7,
        store_url="sqlite:////home/ann/.local/state/portdash/portdash.db",
        host="5f3a",
        user="ann",
        workspace="shop",
        environment="development",
        policy=Policy(),
        limits=PortLimits(),
        workspaces=(SHOP, FIX),
        services=views,
        assignments={view.key: view.assignment for view in views if view.assignment},
        conflicts=tuple(conflict for view in views for conflict in view.conflicts),
    )
    return replace(snapshot, **rest)


def node(pid: int, port: int, *, name: str = "node", project: Workspace = FIX, **rest: object) -> Listener:
    assert project.root is not None
    listener = Listener(
        protocol=IpProtocol.TCP,
        address="127.0.0.1",
        port=port,
        owner=Process(
            pid=pid,
            name=name,
            started_at=NOW - 200,
            user="ann",
            cwd=project.root,
            command=("node", "server.js", "--token", "s3cr3t"),
        ),
        pids=(pid,),
        user="ann",
        project=Project(root=project.root, name="shop", repository=project.repository, worktree=project.worktree),
        via="claude",
        connections=2,
    )
    return replace(listener, **rest)


def squatted() -> Snapshot:
    """Return a world where a worktree's server sits on shop/web's port, one service fell back, and one runs."""
    squatter = node(4121, 3000)
    database = Listener(
        protocol=IpProtocol.TCP,
        address="0.0.0.0",
        port=5432,
        container=Container(id="c0ffee", name="shop-db-1", compose_project="shop", compose_service="db"),
    )
    loose = node(5120, 5175, project=SHOP)
    hidden = Listener(protocol=IpProtocol.UDP, address="0.0.0.0", port=5353, user="avahi")
    web, fix_web = assignment("web", 3000), replace(assignment("web", 3002), key=key_of("web", FIX.name))
    conflict = Conflict(
        kind=ConflictKind.SQUATTED,
        key=web.key,
        name="web",
        port=3000,
        holder="node 4121 (shop@fix-login)",
        detail="node 4121 of shop@fix-login has 3000",
    )
    misplaced = Conflict(kind=ConflictKind.MISPLACED, key=fix_web.key, name="web", port=3002)
    reasons = (Reason(5173, Verdict.ASSIGNED, "blog/web"), Reason(5174, Verdict.CHOSEN))
    worker = assignment("worker", 5174, Source.FALLBACK, attempts=2, reasons=reasons)
    worker = replace(worker, spec=replace(worker.spec, preferred=(5173,)))
    foreign = Attribution(Ownership.FOREIGN, ("works in /home/ann/src/shop-fix",))
    confirmed = Attribution(Ownership.CONFIRMED, ("container of this workspace",))
    views = (
        view_of(assignment("db", 5432), status=Status.RUNNING, attribution=confirmed, listeners=(database,)),
        view_of(web, status=Status.CONFLICT, attribution=foreign, listeners=(squatter,), conflicts=(conflict,)),
        view_of(worker),
        view_of(fix_web, status=Status.CONFLICT, elsewhere=(squatter,), conflicts=(misplaced,)),
    )
    listeners = (
        SeenListener(squatter, fix_web.key, confirmed),
        SeenListener(loose),
        SeenListener(hidden),
        SeenListener(database, views[0].key, confirmed),
    )
    return snapshot_of(*views, listeners=listeners, hidden_owners=1, notices=("containers unknown",))
