import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from portdash.demo.listeners import OTHER_LISTENERS, SQUATTER, SYSTEM_LISTENERS
from portdash.demo.places import BLOG, FIX, INFRA, SHOP
from portdash.demo.scene import demo_deps, first_run_deps
from portdash.errors import Refused
from portdash.manager.adopting import plan_adopt
from portdash.manager.apply import apply_plan
from portdash.manager.deps import Deps
from portdash.manager.finding import find_service
from portdash.manager.plans import plan_allocate, plan_move, plan_release, plan_resolve, plan_undo
from portdash.manager.wishes import Wish
from portdash.model.assignment import Verdict
from portdash.model.conflict import ConflictKind
from portdash.model.listener import Ownership
from portdash.model.plan import Strategy
from portdash.model.snapshot import ServiceView, Snapshot
from portdash.report.scope import Scope
from portdash.report.words import age, held_by, source_phrase, state_word, uptime

# The drawing of the main screen, row by row: what the demo shows but for health, which nobody has checked yet.
DRAWN = """\
shop/api                 | 8000 | preferred     | running     | = uvicorn 3990             | tmux 1.0 | 2h14
shop/metrics             | 9090 | preferred     | not running | nobody                     |          |
shop/redis               | 6379 | preferred     | running     | = shop-redis-1 (docker)    | docker   | 3d
shop/web                 | 3000 | preferred     | squatted    | ≠ node 4121 shop@fix-login | claude   | 3m
shop/websocket           | 8000 | inherited api | running     | = uvicorn 3990             | tmux 1.0 | 2h14
shop/worker              | 5174 | fallback 5173 | running     | = node 4415                | tmux 1.1 | 2h14
shop@fix-login/api       | 8001 | fallback 8000 | running     | = uvicorn 4077             | claude   | 9m
shop@fix-login/redis     | 6380 | fallback 6379 | not running | nobody                     |          |
shop@fix-login/storybook | 6006 | preferred     | running     | = node 4139                | claude   | 8m
shop@fix-login/web       | 3002 | fallback 3000 | misplaced   | runs on 3000: node 4121    | claude   | 3m
shop@fix-login/websocket | 8001 | inherited api | running     | = uvicorn 4077             | claude   | 9m
blog/cms                 | 1337 | preferred     | running     | = node 2811                | tmux 2.0 | 1d2h
blog/db                  | 5432 | preferred     | shadowed    | = blog-db-1 (docker) and 1 more | docker | 6d
blog/mail                | 8025 | preferred     | running     | = blog-mail-1 (docker)     | docker   | 6d
blog/web                 | 4321 | preferred     | running     | = node 6120                | vscode   | 12s
infra/grafana            | 3100 | fallback 3000 | running     | = infra-grafana-1 (docker) | docker   | 6d
infra/loki               | 3101 | fallback 3100 | running     | = infra-loki-1 (docker)    | docker   | 6d
infra/otel               | 4318 | preferred     | running     | = infra-otel-1 (docker)    | docker   | 6d
infra/prometheus         | 9091 | fallback 9090 | running     | = infra-prom-1 (docker)    | docker   | 6d
infra/traefik            | 8080 | preferred     | running     | = infra-traefik-1 (docker) | docker   | 6d
"""


@pytest.fixture
def deps() -> Iterator[Deps]:
    deps = demo_deps()
    yield deps
    deps.close()


@pytest.fixture
def snapshot(deps: Deps) -> Snapshot:
    return deps.observer.snapshot()


def service(deps: Deps, name: str) -> ServiceView:
    return find_service(deps.observer.snapshot(), name)


def drawn(view: ServiceView, snapshot: Snapshot) -> str:
    workspace = snapshot.workspace_named(view.key.workspace)
    server = next(iter((*view.listeners, *view.elsewhere)), None)
    assert workspace
    assert view.assignment
    cells = (
        f"{workspace.label}/{view.name}",
        str(view.port),
        source_phrase(view.assignment),
        state_word(view),
        held_by(view),
        (server.via or "") if server else "",
        uptime(server, snapshot.taken_at) if server else "",
    )
    return "|".join(cells)


def test_every_service_stands_as_drawn(snapshot: Snapshot):
    wanted = {"|".join(cell.strip() for cell in line.split("|")) for line in DRAWN.splitlines()}
    assert {drawn(view, snapshot) for view in snapshot.services} == wanted


def test_four_workspaces_with_their_services(snapshot: Snapshot):
    assert Counter(view.key.workspace for view in snapshot.services) == {
        SHOP.name: 6,
        FIX.name: 5,
        BLOG.name: 4,
        INFRA.name: 5,
    }
    assert snapshot.workspace == "shop"
    assert not snapshot.vanished


def test_the_troubles(snapshot: Snapshot):
    troubles = [(each.kind, each.key.workspace, each.name, each.port) for each in snapshot.conflicts]
    assert sorted(troubles) == sorted(
        [
            (ConflictKind.SQUATTED, "shop", "web", 3000),
            (ConflictKind.MISPLACED, FIX.name, "web", 3002),
            (ConflictKind.SHADOWED, "blog", "db", 5432),
        ]
    )


def test_the_squatter_belongs_to_the_other_checkout(snapshot: Snapshot):
    seen = next(each for each in snapshot.listeners if each.listener == SQUATTER)
    assert seen.key
    assert (seen.key.workspace, seen.key.service) == (FIX.name, "web")
    assert seen.attribution.ownership is Ownership.CONFIRMED
    assert "claude" in [each.name for each in SQUATTER.ancestors]


def test_the_other_listeners_are_no_services(snapshot: Snapshot):
    others = [seen.listener for seen in snapshot.listeners if seen.key is None]
    assert sorted(each.port for each in others) == sorted(each.port for each in (*OTHER_LISTENERS, *SYSTEM_LISTENERS))
    assert len({(each.port, each.pid) for each in others}) == 15
    near = [seen.listener.port for seen in Scope(workspace="shop").other_listeners(snapshot)]
    assert near == [5175]


def test_nothing_in_it_names_this_machine(snapshot: Snapshot):
    # A directory, a host or a user of the computer it was written on would show in one of these.
    paths = {each.root for each in snapshot.workspaces} | {
        seen.listener.owner.cwd for seen in snapshot.listeners if seen.listener.owner
    }
    assert all((path and path.startswith(("/home/dev", "/var/lib/", "/usr/share/"))) or path == "/" for path in paths)
    assert snapshot.host == "demo"


def test_it_is_the_same_each_time():
    first, second = demo_deps(), demo_deps()
    assert first.observer.snapshot() == second.observer.snapshot()
    assert first.store.events() == second.store.events()


def test_history_runs_forwards(deps: Deps):
    times = [event.at for event in deps.store.events(limit=1000)]
    assert times == sorted(times, reverse=True)
    assert len(times) == 22


def test_resolving_moves_web_and_ends_nobody(deps: Deps, snapshot: Snapshot):
    plan = plan_resolve(deps, snapshot, service(deps, "shop/web").key, strategy=Strategy.MINIMAL)
    assert [(step.from_port, step.to_port) for step in plan.steps] == [(3000, 3003)]
    apply_plan(deps, plan)
    web = service(deps, "shop/web")
    assert (web.port, web.conflicts) == (3003, ())
    row = web.assignment
    assert row
    assert row.home == 3000
    refused = {reason.port: reason.verdict for reason in row.reasons}
    assert refused[3001] is Verdict.QUARANTINED
    assert refused[3002] is Verdict.ASSIGNED


def test_aggressive_ends_the_squatter_with_consent_only(deps: Deps, snapshot: Snapshot):
    plan = plan_resolve(deps, snapshot, service(deps, "shop/web").key, strategy=Strategy.AGGRESSIVE)
    assert plan.needs_consent
    with pytest.raises(Refused):
        apply_plan(deps, plan)
    assert service(deps, "shop/web").conflicts
    outcome = apply_plan(deps, plan, consent=True)
    assert any("node 4121 ended" in line for line in outcome.lines)
    assert service(deps, "shop/web").conflicts == ()
    assert SQUATTER not in [seen.listener for seen in deps.observer.snapshot().listeners]


def test_allocate_release_and_undo(deps: Deps, snapshot: Snapshot):
    apply_plan(deps, plan_allocate(deps, snapshot, [Wish(name="payments", type="web", preferred=(3000, 3005))]))
    assert service(deps, "payments").port == 3005
    fresh = deps.observer.snapshot()
    apply_plan(deps, plan_release(deps, fresh, [service(deps, "payments").key]))
    assert "payments" not in [view.name for view in deps.observer.snapshot().services if view.assignment]
    apply_plan(deps, plan_undo(deps, deps.observer.snapshot()))
    assert service(deps, "payments").port == 3005


def test_moving(deps: Deps, snapshot: Snapshot):
    apply_plan(deps, plan_move(deps, snapshot, service(deps, "metrics").key, 9099))
    assert service(deps, "metrics").port == 9099


def test_adopting(deps: Deps, snapshot: Snapshot):
    vite = next(each for each in OTHER_LISTENERS if each.port == 5175)
    apply_plan(deps, plan_adopt(deps, snapshot, [vite], names=["admin"]))
    admin = service(deps, "shop/admin")
    assert (admin.port, state_word(admin)) == (5175, "running")


def test_the_last_operation_of_the_past_can_be_undone(deps: Deps, snapshot: Snapshot):
    apply_plan(deps, plan_undo(deps, snapshot))
    assert service(deps, "preview").port == 3001


def test_the_first_run_knows_nothing_and_sees_much():
    snapshot = first_run_deps().observer.snapshot()
    assert snapshot.services == ()
    assert snapshot.conflicts == ()
    assert {3000, 5175, 22} <= {seen.listener.port for seen in snapshot.listeners}
    assert all(seen.key is None for seen in snapshot.listeners)


def test_it_opens_no_socket_and_signals_nobody(monkeypatch: pytest.MonkeyPatch):
    def forbidden(*_args: object, **_rest: object) -> None:
        raise AssertionError("the demo reached outside")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr("os.kill", forbidden)
    monkeypatch.setattr("signal.pidfd_send_signal", forbidden, raising=False)
    monkeypatch.setattr("builtins.open", forbidden)
    deps = demo_deps()
    plan = plan_resolve(deps, deps.observer.snapshot(), strategy=Strategy.MINIMAL)
    apply_plan(deps, plan)
    web = service(deps, "shop/web")
    assert web.port == 3003


def test_ages_are_those_drawn(snapshot: Snapshot):
    squatter = SQUATTER.owner
    assert squatter
    assert squatter.started_at
    assert age(snapshot.taken_at - squatter.started_at) == "3m"
