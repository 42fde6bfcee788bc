"""A builder of snapshots: rows and listeners by a few words each, assembled as the observer does."""

from dataclasses import dataclass, field, replace

from portdash.model.assignment import Assignment, Lease, ServiceKey, ServiceSpec, Source
from portdash.model.health import Health
from portdash.model.listener import Ancestor, Container, Listener, Process
from portdash.model.plan import Plan, Strategy
from portdash.model.policy import Policy, PortLimits, TypeRange
from portdash.model.ports import IpProtocol, PortRange
from portdash.model.project import Project
from portdash.model.snapshot import Declaration, ServiceView, Snapshot
from portdash.model.workspace import Workspace
from portdash.planning.assemble import assemble
from portdash.planning.requests import Override, Placement
from portdash.planning.rules import source_of

SHOP = Workspace(name="shop", root="/home/me/src/shop", repository="shop")
FIX = Workspace(name="shop~ab12", root="/home/me/src/shop-fix-login", repository="shop", worktree="fix-login")
BLOG = Workspace(name="blog", root="/home/me/src/blog", repository="blog")
NOWHERE = Workspace(name="default", root=None)
RANGES = (
    TypeRange("web", PortRange(3000, 3099), "web", 2),
    TypeRange("database", PortRange(5400, 5499), "database", 1),
    TypeRange("ml", PortRange(8300, 8309), "ml", 2),
    TypeRange("pool", PortRange(10000, 10019), "dynamic", 4),
)
LIMITS = PortLimits(ephemeral=PortRange(32768, 60999), reserved=frozenset({4321}))
NOW = 1_000_000.0


def key(
    name: str, workspace: str = "shop", protocol: IpProtocol = IpProtocol.TCP, environment: str = "dev"
) -> ServiceKey:
    return ServiceKey("host", "me", workspace, environment, name.casefold(), protocol)


def spec(name: str, **wishes: object) -> ServiceSpec:
    return ServiceSpec(name=name, **wishes)


def ask(
    name: str, workspace: str = "shop", *, override: str | None = None, strict: bool = False, **wishes: object
) -> Placement:
    protocol = wishes.get("protocol", IpProtocol.TCP)
    found = Override("PORT", override) if override is not None else None
    return Placement(key(name, workspace, protocol), spec(name, **wishes), found, strict=strict)


@dataclass
class World:
    """What is known and what runs; `snapshot()` joins it."""

    policy: Policy = field(default_factory=lambda: Policy(ranges=RANGES))
    limits: PortLimits = LIMITS
    workspaces: tuple[Workspace, ...] = (SHOP, FIX, BLOG, NOWHERE)
    here: str = "shop"
    vanished: frozenset[str] = frozenset()
    rows: dict[ServiceKey, Assignment] = field(default_factory=dict)
    leases: dict[ServiceKey, Lease] = field(default_factory=dict)
    declared: list[Declaration] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    health: dict[ServiceKey, Health] = field(default_factory=dict)
    quarantined: dict[tuple[IpProtocol, int], str] = field(default_factory=dict)
    reserved: set[tuple[IpProtocol, int]] = field(default_factory=set)
    bound: dict[tuple[IpProtocol, int], str] = field(default_factory=dict)
    published: dict[tuple[IpProtocol, int], Container] = field(default_factory=dict)
    revision: int = 0

    def has(
        self,
        name: str,
        port: int,
        workspace: str = "shop",
        *,
        source: Source | None = None,
        home: int | None = None,
        environment: str = "dev",
        **wishes: object,
    ) -> "World":
        """Give a service a row."""
        self.revision += 1
        wanted = spec(name, **wishes)
        how = source or (Source.INHERITED if wanted.inherit_from else source_of(wanted, port))
        service = key(name, workspace, wanted.protocol, environment)
        self.rows[service] = Assignment(
            key=service,
            spec=wanted,
            port=port,
            source=how,
            home=home,
            assigned_at=1.0,
            actor="test",
            revision=self.revision,
        )
        return self

    def declares(self, name: str, *, has_command: bool = False, **wishes: object) -> "World":
        wanted = spec(name, **wishes)
        self.declared.append(Declaration(key(name, self.here, wanted.protocol), wanted, has_command=has_command))
        return self

    def listens(self, port: int, **facts: object) -> "World":
        """Let somebody listen; see `listener`."""
        self.listeners.append(listener(port, **facts))
        return self

    def runs(self, name: str, workspace: str = "shop", *, port: int | None = None, supervised: bool = False) -> "World":
        """Let a service's own leased server listen on its port, or on another."""
        service = key(name, workspace)
        pid = 20_000 + len(self.leases)
        self.leases[service] = Lease(
            key=service,
            pid=pid,
            started=1,
            boot_id="boot",
            token="t",  # noqa: S106
            supervised=supervised,
        )
        root = next(each.root for each in self.workspaces if each.name == workspace)
        return self.listens(port or self.rows[service].port, pid=pid, cwd=root)

    def snapshot(self) -> Snapshot:
        made = assemble(
            taken_at=NOW,
            revision=self.revision,
            store_url="memory:",
            host="host",
            user="me",
            workspace=self.here,
            environment="dev",
            policy=self.policy,
            limits=self.limits,
            workspaces=self.workspaces,
            vanished=self.vanished,
            assignments=self.rows,
            leases=self.leases,
            declarations=tuple(self.declared),
            listeners=tuple(self.listeners),
            health=self.health,
            quarantined=self.quarantined,
            reserved=frozenset(self.reserved),
            bound=self.bound,
            hidden_owners=0,
            notices=(),
        )
        return replace(made, published=self.published)

    def view(self, name: str, workspace: str = "shop") -> ServiceView:
        found = self.snapshot().service(key(name, workspace))
        assert found is not None
        return found


def listener(
    port: int,
    *,
    pid: int | None = 4121,
    name: str | None = "node",
    cwd: str | None = "/home/me/src/blog",
    user: str | None = "me",
    address: str = "127.0.0.1",
    protocol: IpProtocol = IpProtocol.TCP,
    project: Project | None = None,
    container: Container | None = None,
    via: str | None = None,
    command: tuple[str, ...] = (),
    ancestors: tuple[int, ...] = (),
    **more: object,
) -> Listener:
    owner = Process(pid=pid, started_at=5.0, ticks=7, name=name, command=command, user=user, cwd=cwd) if pid else None
    return Listener(
        protocol=protocol,
        address=address,
        port=port,
        owner=owner,
        pids=(pid,) if pid else (),
        user=user,
        project=project,
        container=container,
        via=via,
        ancestors=tuple(Ancestor(each, "sh") for each in ancestors),
        **more,
    )


def result(world: World, plan: Plan) -> dict[ServiceKey, Assignment]:
    """Apply a plan's rows as a store would: in order, each port free at that moment. Fails where it is not."""
    rows = dict(world.rows)
    revision = world.revision + 1
    for step in plan.steps:
        if step.before is not None:
            assert rows[step.before.key].revision == step.before.revision
        if step.action == "release":
            assert step.before is not None
            del rows[step.before.key]
        elif step.after is not None:
            row = step.after
            if step.before is None:
                assert row.key not in rows
            if row.spec.inherit_from is None:
                holders = [
                    other.name
                    for other in rows.values()
                    if other.key != row.key and other.spec.inherit_from is None and slot(other) == slot(row)
                ]
                assert not holders, f"{row.name} takes {row.port} from {holders}"
            rows[row.key] = replace(row, revision=revision)
    return rows


def slot(row: Assignment) -> tuple[IpProtocol, int]:
    return row.key.protocol, row.port


def ports(world: World, plan: Plan) -> dict[str, int]:
    """Ports after a plan, by `workspace/name`."""
    return {f"{each.workspace}/{each.service}": row.port for each, row in result(world, plan).items()}


def actions(plan: Plan) -> list[str]:
    """The steps in short: `move web 3000 3001`, `terminate node 4121`."""
    words = []
    for step in plan.steps:
        parts = [step.action.value]
        parts += [step.target.label] if step.target else []
        parts += [step.key.service] if step.key else []
        parts += [str(port) for port in (step.from_port, step.to_port) if port is not None]
        words.append(" ".join(parts))
    return words


MINIMAL, AGGRESSIVE, CONSERVATIVE = Strategy.MINIMAL, Strategy.AGGRESSIVE, Strategy.CONSERVATIVE
