# ruff: noqa: ARG002 (the signatures are those of the real desk)
"""A scene and a desk built by hand: what a dialog is given, and a record of what it asked to be done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Flag

from row_texts import KEYS

from portdash.dashboard.key_names import KeyNames
from portdash.dashboard.screens.patience import Patience
from portdash.errors import NoPortAvailable, NoSuchService, PortdashError
from portdash.manager.apply import Outcome
from portdash.manager.wishes import Wish
from portdash.model.assignment import Assignment, Match, Reason, ServiceKey, ServiceSpec, Source, Verdict
from portdash.model.conflict import Conflict, ConflictKind
from portdash.model.history import Event, EventKind, Operation
from portdash.model.listener import Attribution, Listener, Ownership, Process
from portdash.model.plan import Action, Cost, Plan, Step, Strategy, Target, Unresolved
from portdash.model.policy import Policy, PortLimits, TypeRange
from portdash.model.ports import IpProtocol, PortRange
from portdash.model.project import Project
from portdash.model.snapshot import SeenListener, ServiceView, Snapshot, Status
from portdash.model.workspace import Workspace

HOME = "/home/ann"
HOSTILE = "[/]x[@click=app.quit]y\x1b]52;c;aGk=\x07[b]"
AT_ONCE = Patience(quiet=0.0, burst=0.0, clock=lambda: 0.0)
"""Every key counts at once."""
NEVER = Patience(quiet=1e9)
"""No key ever counts: the dialog is for ever too young."""


def key(name: str, workspace: str = "shop") -> ServiceKey:
    return ServiceKey("host", "ann", workspace, "development", name)


def row(
    name: str, port: int, workspace: str = "shop", *, source: Source = Source.PREFERRED, **spec: object
) -> Assignment:
    wanted = ServiceSpec(name=name, **spec)  # type: ignore[arg-type]
    return Assignment(key=key(name, workspace), spec=wanted, port=port, source=source, revision=7)


def process(pid: int, name: str, *command: str, cwd: str = f"{HOME}/src/shop") -> Process:
    return Process(pid=pid, name=name, command=command or (name,), cwd=cwd, ticks=pid * 10, user="ann")


SHOP = Project(root=f"{HOME}/src/shop", name="shop")
THIEF = Listener(
    protocol=IpProtocol.TCP,
    address="0.0.0.0",
    port=3000,
    owner=process(4121, "node", "next", "dev", "-p", "3000", cwd=f"{HOME}/src/shop-fix-login"),
    pids=(4121,),
    project=Project(root=f"{HOME}/src/shop-fix-login", name="shop", repository="shop", worktree="fix-login"),
    via="claude",
)
API = Listener(
    protocol=IpProtocol.TCP, address="127.0.0.1", port=8000, owner=process(3990, "uvicorn"), pids=(3990,), project=SHOP
)
VITE = Listener(
    protocol=IpProtocol.TCP,
    address="::1",
    port=5175,
    owner=process(5120, "node", "node", "/x/vite.js"),
    pids=(5120,),
    project=SHOP,
)
STRANGE = Listener(protocol=IpProtocol.TCP, address="::", port=6006, owner=process(6, HOSTILE, HOSTILE), pids=(6,))

WEB = row("web", 3000, preferred=(3000,), type="web")
API_ROW = row("api", 8000, preferred=(8000,))
SOCKET = row("websocket", 8000, source=Source.INHERITED, inherit_from="api")
OTHER = row("web", 3002, "shop~1a2b", source=Source.FALLBACK, preferred=(3000,))
SQUATTED = Conflict(
    kind=ConflictKind.SQUATTED, key=WEB.key, name="web", port=3000, holder="node 4121 (shop@fix-login)", detail="held"
)
ELSEWHERE = Conflict(kind=ConflictKind.MISPLACED, key=OTHER.key, name="web", port=3002, holder="node 4121")


def view(
    assignment: Assignment, *listeners: Listener, ours: bool = True, conflict: Conflict | None = None
) -> ServiceView:
    ownership = Ownership.CONFIRMED if ours else Ownership.FOREIGN
    return ServiceView(
        key=assignment.key,
        spec=assignment.spec,
        assignment=assignment,
        status=Status.RUNNING if listeners else Status.AVAILABLE,
        attribution=Attribution(ownership) if listeners else None,
        listeners=listeners,
        conflicts=(conflict,) if conflict else (),
    )


def snapshot(*, revision: int = 7, thief: Listener | None = THIEF) -> Snapshot:
    """Return the scene: shop/web squatted by a server of another worktree."""
    services = (
        view(API_ROW, API),
        view(SOCKET, API),
        view(WEB, *([thief] if thief else []), ours=False, conflict=SQUATTED if thief else None),
        view(OTHER, conflict=ELSEWHERE),
    )
    listeners = [each for each in (thief, VITE, STRANGE, API) if each]
    return Snapshot(
        taken_at=1_700_000_000.0,
        revision=revision,
        store_url="memory:",
        host="host",
        user="ann",
        workspace="shop",
        environment="development",
        policy=Policy(ranges=(TypeRange("web", PortRange(3000, 3999), "web"),)),
        limits=PortLimits(),
        workspaces=(
            Workspace(name="shop", root=f"{HOME}/src/shop"),
            Workspace(name="shop~1a2b", root=f"{HOME}/src/shop-fix-login", repository="shop", worktree="fix-login"),
        ),
        assignments={each.key: each for each in (WEB, API_ROW, SOCKET, OTHER)},
        listeners=tuple(SeenListener(each) for each in listeners),
        services=services,
        conflicts=(SQUATTED, ELSEWHERE) if thief else (),
    )


def plan(title: str, *steps: Step, left: Sequence[Unresolved] = (), strategy: Strategy = Strategy.MINIMAL) -> Plan:
    moved = sum(1 for step in steps if step.action is Action.MOVE)
    terminated = sum(1 for step in steps if step.target)
    return Plan(
        title=title,
        strategy=strategy,
        workspace="shop",
        revision=7,
        steps=steps,
        cost=Cost(moved=moved, terminated=terminated),
        unresolved=tuple(left),
    )


def move(before: Assignment, port: int, *reasons: Reason) -> Step:
    after = replace(before, port=port, source=Source.FALLBACK, reasons=reasons, attempts=len(reasons) + 1)
    return Step(action=Action.MOVE, reason="3000 is held", key=before.key, before=before, options=(after,))


END = Step(
    action=Action.TERMINATE,
    reason="it holds 3000",
    target=Target(label="node 4121", protocol=IpProtocol.TCP, port=3000, pid=4121, ticks=41210),
)


@dataclass
class FakeDesk:
    """Plans by hand; keeps what it was asked to apply."""

    is_read_only: bool = False
    home: str = HOME
    keys: KeyNames = field(default_factory=lambda: KEYS)
    error: Exception | None = None
    """What `apply` raises."""
    undo: Plan | None = None
    lines: tuple[str, ...] = ()
    """What `apply` says on its way."""
    gate: Flag | None = None
    """Something `apply` waits for before it ends."""
    seen: Snapshot = field(default_factory=lambda: snapshot(revision=8))
    """What `look` returns."""
    applied: list[tuple[Plan, bool]] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    files: tuple[Path, ...] = ()
    """Written files that follow each plan that moves something."""

    def files_of(self, plan: Plan) -> tuple[Path, ...]:
        return self.files if any(step.action is Action.MOVE for step in plan.steps) else ()

    def look(self) -> Snapshot:
        return self.seen

    def history(self) -> tuple[Event, ...]:
        found = Event(
            kind=EventKind.CONFLICT, at=0.0, workspace="shop", service="web", actor="x", reason="", from_port=9999
        )
        return (found, replace(found, kind=EventKind.RESOLVED))

    def workspace_names(self, snapshot: Snapshot) -> tuple[str, ...]:
        return tuple(each.name for each in snapshot.workspaces)

    def plan_allocate(self, snapshot: Snapshot, wish: Wish, strategy: Strategy | None = None) -> Plan:
        self.wishes.append(wish)
        if wish.base == 1:
            raise NoPortAvailable("no port for it", reasons=(Reason(1, Verdict.PRIVILEGED),))
        workspace, _, name = wish.name.rpartition("/")
        refused = [Reason(3000, Verdict.LISTENING, f"node 4121 {HOSTILE}")] if 3000 in (wish.preferred or ()) else []
        port = next((each for each in wish.preferred or (4000,) if each != 3000), 3001)
        after = replace(
            row(name, port, workspace or "shop", source=Source.FALLBACK, preferred=wish.preferred or ()),
            reasons=(*refused, Reason(port, Verdict.CHOSEN)),
            attempts=len(refused) + 1,
        )
        options = (after, replace(after, port=port + 1), replace(after, port=port + 2))
        return plan(f"allocate {name}", Step(action=Action.ASSIGN, reason="new", key=after.key, options=options))

    def plan_move(self, snapshot: Snapshot, key: ServiceKey, to: int | None = None) -> Plan:
        found = snapshot.service(key)
        if found is None or found.assignment is None:
            raise NoSuchService("there is no such service")
        if to == 8000:
            raise NoPortAvailable("8000 is shop/api's", hint="take another")
        if to == found.port:
            return plan("move")
        step = move(found.assignment, to or 3003, Reason(3001, Verdict.QUARANTINED, "old"))
        still = Unresolved(f"{found.name} still runs", asked=False, restart=key)
        return plan("move", step, left=(still,) if found.is_running else ())

    def plan_release(self, snapshot: Snapshot, keys: Sequence[ServiceKey]) -> Plan:
        rows = [each.assignment for each in snapshot.services if each.key in keys and each.assignment]
        if any(each.name == "api" for each in rows):
            rows.append(SOCKET)
        steps = (Step(action=Action.RELEASE, reason="asked", key=each.key, before=each) for each in rows)
        return plan("release", *steps)

    def plan_adopt(self, snapshot: Snapshot, listeners: Sequence[Listener], names: Sequence[str | None] = ()) -> Plan:
        steps = []
        for listener, name in zip(listeners, names, strict=True):
            match = Match(process=listener.owner.name if listener.owner else None, directory=f"{HOME}/src/shop")
            after = row(name or "?", listener.port, source=Source.DETECTED, match=match)
            steps.append(Step(action=Action.ASSIGN, reason="adopted", key=after.key, options=(after,)))
        return plan("adopt", *steps)

    def plan_undo(self, snapshot: Snapshot) -> Plan:
        if self.undo is None:
            raise NoSuchService("there is nothing to undo in shop", hint="nothing was changed yet")
        return self.undo

    def plan_resolve(self, snapshot: Snapshot, key: ServiceKey | None, strategy: Strategy | None = None) -> Plan:
        if strategy is Strategy.CONSERVATIVE:
            left = (Unresolved("web stays squatted on 3000: node 4121"),)
            return plan("resolve web (conservative)", left=left, strategy=strategy)
        if strategy is Strategy.AGGRESSIVE:
            return plan("resolve web (aggressive)", END, strategy=strategy)
        steps = [move(WEB, 3003, Reason(3001, Verdict.QUARANTINED, "old"), Reason(3002, Verdict.ASSIGNED, "web"))]
        if key is None:
            steps.append(move(OTHER, 3004))
        return plan("resolve web (minimal)", *steps, left=(Unresolved("the other stays misplaced", asked=False),))

    def apply(self, plan: Plan, *, consent: bool = False, progress: Callable[[str], None] | None = None) -> Outcome:
        for line in self.lines:
            assert progress is not None
            progress(line)
        if self.gate is not None:
            assert self.gate.wait(30)
        if self.error is not None:
            raise self.error
        self.applied.append((plan, consent))
        operation = Operation(id="1", title=plan.title, workspace="shop", actor="test", at=0.0, revision=8, changes=())
        return Outcome(operation=operation, lines=("done",))


def refused(message: str) -> PortdashError:
    return PortdashError(message, hint="try again")
