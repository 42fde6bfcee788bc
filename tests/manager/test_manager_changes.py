import pytest
from manager_world import OTHER, Listen

from portdash.demo.clock import FrozenClock
from portdash.demo.machine import FakeMachine
from portdash.errors import InvalidName, NoSuchService, PlanOutdated, PlanUnresolved, Refused, UsageError
from portdash.manager.adopting import plan_adopt
from portdash.manager.allocate import allocate, settle
from portdash.manager.apply import apply_plan
from portdash.manager.deps import Deps
from portdash.manager.facade import PortManager
from portdash.manager.finding import find_service
from portdash.manager.plans import plan_move, plan_release, plan_resolve, plan_undo
from portdash.manager.recovery import recover
from portdash.manager.wishes import Wish
from portdash.model.assignment import Source
from portdash.model.conflict import ConflictKind
from portdash.model.kept import PlanRecord, PlanState
from portdash.model.listener import Container, Listener, Ownership, Process
from portdash.model.plan import Strategy
from portdash.model.ports import IpProtocol
from portdash.model.storage import Batch, RecordPlan


def port_of(deps: Deps, name: str) -> int | None:
    return PortManager(deps=deps).get_port(name)


@pytest.fixture
def squatted(deps: Deps, listen: Listen) -> Deps:
    """web prefers 3000, has it, and a server of another project listens there."""
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    listen(3000)
    return deps


def test_a_server_of_another_project_on_my_port_is_a_conflict(squatted: Deps):
    conflict = squatted.observer.snapshot().conflicts[0]
    assert (conflict.kind, conflict.name, conflict.port) == (ConflictKind.SQUATTED, "web", 3000)
    assert "node 4121" in (conflict.holder or "")


def test_minimal_moves_the_service_and_undo_brings_it_back(squatted: Deps):
    key = find_service(squatted.observer.snapshot(), "web").key
    settle(squatted, lambda snapshot: plan_resolve(squatted, snapshot, key, strategy=Strategy.MINIMAL))
    row = squatted.store.snapshot().assignments[key]
    assert row.port != 3000
    assert row.home == 3000
    settle(squatted, lambda snapshot: plan_undo(squatted, snapshot))
    assert squatted.store.snapshot().assignments[key].port == 3000


def test_undoing_again_goes_further_back(deps: Deps):
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    key = find_service(deps.observer.snapshot(), "web").key
    for port in (3100, 3200):
        settle(deps, lambda snapshot, port=port: plan_move(deps, snapshot, key, port))  # type: ignore[misc]
    seen = []
    for _ in range(3):
        settle(deps, lambda snapshot: plan_undo(deps, snapshot))
        seen.append(port_of(deps, "web"))
    assert seen == [3100, 3000, None]
    with pytest.raises(NoSuchService):
        plan_undo(deps, deps.observer.snapshot())


def test_a_service_that_stepped_aside_knows_why(squatted: Deps):
    settle(squatted, lambda snapshot: plan_resolve(squatted, snapshot, strategy=Strategy.MINIMAL))
    row = next(iter(squatted.store.snapshot().assignments.values()))
    assert row.attempts == 2
    assert [reason.port for reason in row.reasons] == [3000, row.port]
    assert "node 4121" in (row.reasons[0].holder or "")


def test_conservative_leaves_it_and_says_so(squatted: Deps):
    snapshot = squatted.observer.snapshot()
    plan = plan_resolve(squatted, snapshot, find_service(snapshot, "web").key, strategy=Strategy.CONSERVATIVE)
    assert plan.is_stuck
    with pytest.raises(PlanUnresolved):
        apply_plan(squatted, plan)


def test_aggressive_ends_the_holder_only_with_consent(squatted: Deps, machine: FakeMachine):
    snapshot = squatted.observer.snapshot()
    plan = plan_resolve(squatted, snapshot, find_service(snapshot, "web").key, strategy=Strategy.AGGRESSIVE)
    assert plan.needs_consent
    with pytest.raises(Refused, match="node 4121"):
        apply_plan(squatted, plan)
    assert machine.process(4121)
    said: list[str] = []
    outcome = apply_plan(squatted, plan, consent=True, progress=said.append)
    assert machine.process(4121) is None
    assert any("4121 ended" in line for line in outcome.lines)
    assert said
    assert not squatted.observer.snapshot().conflicts
    assert not squatted.store.snapshot().plans


def test_an_ending_that_is_refused_leaves_everything_as_it_was(
    squatted: Deps, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_args: object, **_named: object) -> str:
        raise Refused("node 4121 is protected")

    monkeypatch.setattr(machine, "terminate", refuse)
    before = squatted.store.snapshot().assignments
    snapshot = squatted.observer.snapshot()
    plan = plan_resolve(squatted, snapshot, find_service(snapshot, "web").key, strategy=Strategy.AGGRESSIVE)
    with pytest.raises(Refused, match="protected"):
        apply_plan(squatted, plan, consent=True)
    state = squatted.store.snapshot()
    assert state.assignments == before
    assert not state.plans


def test_a_plan_is_refused_when_the_row_changed_since(squatted: Deps):
    snapshot = squatted.observer.snapshot()
    key = find_service(snapshot, "web").key
    plan = plan_move(squatted, snapshot, key, 3100)
    settle(squatted, lambda snapshot: plan_move(squatted, snapshot, key, 3200))
    with pytest.raises(PlanOutdated):
        apply_plan(squatted, plan)
    assert port_of(squatted, "web") == 3200


def test_children_follow_their_parent(deps: Deps):
    allocate(deps, [Wish(name="web", preferred=(3000,)), Wish(name="socket", inherit_from="web")])
    key = find_service(deps.observer.snapshot(), "web").key
    settle(deps, lambda snapshot: plan_move(deps, snapshot, key, 3100))
    assert (port_of(deps, "web"), port_of(deps, "socket")) == (3100, 3100)
    outcome = settle(deps, lambda snapshot: plan_release(deps, snapshot, [key]))
    assert len(outcome.lines) == 2
    assert port_of(deps, "socket") is None


def test_a_released_port_waits_a_minute_for_others(deps: Deps):
    allocate(deps, [Wish(name="old", preferred=(3000,))])
    key = find_service(deps.observer.snapshot(), "old").key
    settle(deps, lambda snapshot: plan_release(deps, snapshot, [key]))
    assert allocate(deps, [Wish(name="new", base=3000)]).assignments[0].port == 3001
    assert isinstance(deps.clock, FrozenClock)
    deps.clock.advance(61)
    assert allocate(deps, [Wish(name="newer", base=3000)]).assignments[0].port == 3000


def test_adopting_keeps_port_project_and_program(deps: Deps, listen: Listen):
    listener = listen(5173, name="vite")
    settle(deps, lambda snapshot: plan_adopt(deps, snapshot, [listener]))
    row = next(iter(deps.store.snapshot().assignments.values()))
    assert (row.name, row.port, row.source, row.key.workspace) == ("vite", 5173, Source.DETECTED, "other")
    assert row.spec.match
    assert (row.spec.match.process, row.spec.match.directory) == ("vite", OTHER.root)
    assert {each.name for each in deps.store.snapshot().workspaces} >= {"other"}


def test_adopting_into_another_workspace_makes_it_that_ones_own(deps: Deps, listen: Listen):
    listener = listen(5173, name="vite")
    settle(deps, lambda snapshot: plan_adopt(deps, snapshot, [listener], names=["shop/front"]))
    snapshot = deps.observer.snapshot()
    (view,) = snapshot.services
    assert (view.name, view.key.workspace, view.port) == ("front", "shop", 5173)
    assert view.is_running
    assert not view.conflicts
    assert view.attribution is not None
    assert view.attribution.ownership is Ownership.CONFIRMED


def test_a_container_of_another_project_can_be_adopted_into_this_workspace(deps: Deps, machine: FakeMachine):
    listener = Listener(
        protocol=IpProtocol.TCP,
        address="127.0.0.1",
        port=5432,
        owner=Process(pid=9, name="docker-proxy", user="root"),
        pids=(9,),
        project=OTHER,
        container=Container(id="c1", name="other-db-1", compose_project="other", directory=OTHER.root),
    )
    machine.listen(listener)
    settle(deps, lambda snapshot: plan_adopt(deps, snapshot, [listener], names=["shop/db"]))
    (view,) = deps.observer.snapshot().services
    assert view.key.workspace == "shop"
    assert view.is_running
    assert not view.conflicts


def test_adopting_into_a_workspace_that_there_is_not_is_refused(deps: Deps, listen: Listen):
    listener = listen(5173, name="vite")
    with pytest.raises(UsageError, match="there is no workspace nowhere") as refused:
        plan_adopt(deps, deps.observer.snapshot(), [listener], names=["nowhere/web"])
    assert refused.value.hint
    with pytest.raises(InvalidName):
        plan_adopt(deps, deps.observer.snapshot(), [listener], names=["shop/a b"])


def test_nothing_to_undo_is_said(deps: Deps):
    with pytest.raises(NoSuchService, match="nothing to undo"):
        plan_undo(deps, deps.observer.snapshot())


def test_services_are_found_by_name_place_and_port(deps: Deps):
    allocate(deps, [Wish(name="web", preferred=(3000,)), Wish(name="socket", inherit_from="web")])
    snapshot = deps.observer.snapshot()
    for text in ("web", "WEB", "shop/web", "3000"):
        assert find_service(snapshot, text).name == "web"
    for text in ("nosuch", "other/web", "3001"):
        with pytest.raises(NoSuchService):
            find_service(snapshot, text)
    with pytest.raises(NoSuchService) as caught:
        find_service(snapshot, "wep")
    assert "web" in caught.value.hint


@pytest.mark.parametrize(
    ("boot", "ticks", "abandoned"), [("demo-boot", 5, False), ("demo-boot", 6, True), ("x", 5, True)]
)
def test_a_plan_whose_process_is_gone_is_rolled_back(
    deps: Deps, machine: FakeMachine, *, boot: str, ticks: int, abandoned: bool
):
    machine.start(Process(pid=99, ticks=5))
    record = PlanRecord(
        id="p",
        host="here",
        workspace="shop",
        title="resolve web",
        state=PlanState.APPLYING,
        pid=99,
        started=ticks,
        boot_id=boot,
        reserved=((IpProtocol.TCP, 3000),),
    )
    deps.store.apply(Batch(id="b", title="t", workspace="shop", actor="x", at=0.0, ops=(RecordPlan(record),)))
    taken = recover(deps, deps.store.snapshot().plans)
    assert bool(taken) is abandoned
    assert bool(deps.store.snapshot().plans) is not abandoned


def test_the_library_s_object_does_it_all(deps: Deps):
    manager = PortManager(4500, deps=deps)
    assert manager.assign_port("http-server", "Main HTTP server") == 4500
    assert manager.assign_port("postgres") == 4501
    assert manager.get_next_port() == 4502
    assert manager.export_env_vars() == {
        "BASE_PORT": "4500",
        "NEXT_PORT": "4502",
        "HTTP_SERVER_PORT": "4500",
        "POSTGRES_PORT": "4501",
    }
    assert manager.is_port_available(4700)
    assert manager.release_port("postgres") is True
    assert manager.release_port("postgres") is False
    manager.reset_assignments()
    assert manager.allocations() == ()
