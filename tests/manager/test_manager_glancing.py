"""What a service gets by a glance it gets by a full look as well, whoever listens."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manager_world import OTHER, SHOP, Listen

from portdash.config.services import ServiceConfig
from portdash.config.settings import Config
from portdash.demo.clock import FrozenClock
from portdash.demo.machine import FakeMachine
from portdash.errors import LockedDown, PortdashError
from portdash.manager.allocate import TRIED, allocate
from portdash.manager.apply import apply_plan
from portdash.manager.deps import Deps, Place
from portdash.manager.glancing import glance
from portdash.manager.plans import plan_allocate, plan_release
from portdash.manager.wishes import Wish
from portdash.model.assignment import Match, ServiceSpec, Verdict
from portdash.model.listener import Listener, Process
from portdash.model.plan import Strategy
from portdash.model.ports import IpProtocol
from portdash.store.memory import MemoryStore

PORTS = st.integers(4000, 4005)
NAMES = st.sampled_from(["web", "api", "new"])
WISHES = st.builds(
    Wish,
    name=NAMES,
    preferred=st.none() | st.tuples(PORTS),
    base=st.none() | st.just(4002),
    exclude=st.none() | st.frozensets(PORTS, max_size=2),
    env=st.none() | st.just("WEB_PORT"),
    inherit_from=st.none() | NAMES,
)
SERVERS = st.tuples(PORTS, st.sampled_from([SHOP.root, OTHER.root, None]), st.sampled_from(["node", "web", "api"]))
STRATEGIES = st.none() | st.sampled_from(list(Strategy))


def listener(port: int, cwd: str | None, name: str) -> Listener:
    owner = Process(pid=port, name=name, ticks=port, started_at=1.0, user="dev", cwd=cwd, command=(name,))
    hidden = None if cwd is None else owner
    return Listener(protocol=IpProtocol.TCP, address="127.0.0.1", port=port, owner=hidden, pids=(port,), user="dev")


def asked(deps: Deps, wish: Wish) -> None:
    try:
        allocate(deps, [wish])
    except PortdashError:
        return


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    before=st.lists(SERVERS, max_size=2),
    first=st.lists(WISHES, min_size=1, max_size=4),
    after=st.lists(SERVERS, max_size=3),
    released=st.none() | NAMES,
    declared=st.none() | NAMES,
    vanished=st.booleans(),
    wishes=st.lists(WISHES, min_size=1, max_size=2, unique_by=lambda each: each.name),
    variable=st.none() | PORTS,
    strategy=STRATEGIES,
)
def test_what_a_glance_says_a_full_look_says(  # noqa: PLR0917  all of them given by name
    before: list[tuple[int, str | None, str]],
    first: list[Wish],
    after: list[tuple[int, str | None, str]],
    released: str | None,
    declared: str | None,
    vanished: bool,
    wishes: list[Wish],
    variable: int | None,
    strategy: Strategy | None,
):
    roots = [] if vanished or SHOP.root is None else [SHOP.root]
    machine, store = FakeMachine(host="here", user="dev", directories=roots), MemoryStore()
    for server in before:
        machine.listen(listener(*server))
    services = () if declared is None else (ServiceConfig(spec=ServiceSpec(name=declared)),)
    deps = Deps(
        store=store,
        machine=machine,
        config=Config(services=services),
        clock=FrozenClock(1_800_000_000.0),
        place=Place("here", "dev", SHOP, "development"),
        actor="test",
        environ={} if variable is None else {"WEB_PORT": str(variable)},
    )
    for each in first:
        asked(deps, each)
    if released is not None and (key := deps.place.key(released)) in store.snapshot().assignments:
        apply_plan(deps, plan_release(deps, deps.observer.snapshot(), [key]))
    for server in after:
        machine.listen(listener(*server))
    seen = glance(opened(deps), wishes, strategy)
    if seen is not None:
        full = plan_allocate(deps, deps.observer.snapshot(), wishes, strategy=strategy)
        fewer = (
            replace(step, options=step.options[: len(ours.options)])
            for step, ours in zip(full.steps, seen.plan.steps, strict=True)
        )
        assert replace(full, steps=tuple(fewer)) == seen.plan
        assert all(step.options for step in seen.plan.steps)


def opened(deps: Deps) -> Deps:
    return replace(deps, held=deps.store.snapshot())


def test_a_glance_is_enough_where_nobody_listens_on_the_port(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="web"), Wish(name="api")])
    listen(4100)
    assert glance(opened(deps), [Wish(name="web"), Wish(name="API")], None) is not None
    rows = allocate(opened(deps), [Wish(name="web")]).assignments
    assert [row.port for row in rows] == [4000]


@pytest.mark.parametrize("wish", [Wish(name="web", exclude=frozenset({4000})), Wish(name="web", pin=True)])
def test_a_glance_is_not_enough_for_what_changes_a_service(deps: Deps, wish: Wish):
    allocate(deps, [Wish(name="web")])
    assert glance(opened(deps), [wish], None) is None


@pytest.fixture
def unlooked(deps: Deps, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch) -> Deps:
    """Opened in a world where nobody may ask who listens."""

    def refuse() -> tuple[Listener, ...]:
        raise AssertionError("a full look was taken")

    monkeypatch.setattr(machine, "listeners", refuse)
    return opened(deps)


def test_a_glance_is_enough_for_new_services(deps: Deps, listen: Listen, unlooked: Deps):
    listen(4002)
    listen(4100)
    found = allocate(unlooked, [Wish(name="web"), Wish(name="web@2")])
    assert [(row.port, row.attempts) for row in found.assignments] == [(4000, 1), (4001, 2)]
    assert deps.store.snapshot().assignments == {row.key: row for row in found.assignments}


def test_a_service_on_its_port_is_no_reason_to_look_who_it_is(deps: Deps, listen: Listen, unlooked: Deps):
    allocate(unlooked, [Wish(name="web")])
    listen(4000)
    (row,) = allocate(opened(deps), [Wish(name="new")]).assignments
    assert (row.port, [each.verdict for each in row.reasons]) == (4001, [Verdict.ASSIGNED, Verdict.CHOSEN])


def test_who_listens_where_a_new_service_is_tried_is_told(deps: Deps, listen: Listen):
    listen(4000)
    (row,) = allocate(opened(deps), [Wish(name="new")]).assignments
    assert (row.port, row.reasons[0].verdict) == (4001, Verdict.LISTENING)
    assert "4121" in (row.reasons[0].holder or "")


def test_of_the_options_those_behind_a_listener_are_left_out(deps: Deps, listen: Listen):
    listen(4003)
    seen = glance(opened(deps), [Wish(name="new")], None)
    assert seen is not None
    assert [row.port for row in seen.plan.steps[0].options] == [4000, 4001, 4002]


def test_a_declared_service_that_runs_elsewhere_is_told_where(deps: Deps, listen: Listen):
    listen(4100, cwd=SHOP.root)
    spec = ServiceSpec(name="web", match=Match(directory=SHOP.root))
    declaring = replace(opened(deps), config=Config(services=(ServiceConfig(spec=spec),)))
    found = allocate(declaring, [Wish(name="web")])
    assert found.assignments[0].port == 4000
    assert any("still runs on 4100" in notice for notice in found.notices)


def test_with_an_engine_a_new_service_takes_a_full_look(
    deps: Deps, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
):
    allocate(deps, [Wish(name="web")])
    monkeypatch.setattr(machine, "has_engines", lambda: True)
    assert glance(opened(deps), [Wish(name="new")], None) is None
    assert glance(opened(deps), [Wish(name="web")], None) is not None


def test_where_a_port_cannot_be_bound_a_full_look_follows(
    deps: Deps, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(machine, "bind_error", lambda _protocol, port: "in use" if port in (4000, 4001) else None)
    (row,) = allocate(opened(deps), [Wish(name="new")]).assignments
    assert [(each.port, each.verdict) for each in row.reasons] == [
        (4000, Verdict.BOUND), (4001, Verdict.BOUND), (4002, Verdict.CHOSEN),
    ]  # fmt: skip


def test_each_port_is_bound_once_and_the_first_choice_last(
    deps: Deps, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
):
    tried: list[int] = []
    ours = opened(deps)
    monkeypatch.setattr(machine, "bind_error", lambda _protocol, port: tried.append(port))
    assert allocate(ours, [Wish(name="new")]).assignments[0].port == 4000
    assert len(tried) == len(set(tried)) == TRIED
    assert tried[-1] == 4000


def test_where_a_rival_was_faster_a_full_look_follows(
    deps: Deps, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
):
    met: list[int] = []

    def meet(_protocol: IpProtocol, port: int) -> None:
        met.append(port)
        if met == [4000]:
            allocate(deps, [Wish(name="rival")])

    for port in range(4001, 4100):
        machine.listen(listener(port, None, "node"))
    ours = opened(deps)
    monkeypatch.setattr(machine, "bind_error", meet)
    (row,) = allocate(ours, [Wish(name="new")]).assignments
    assert row.port == 4100
    assert deps.store.snapshot().assignments.keys() == {row.key, deps.place.key("rival")}


def test_a_glance_is_not_enough_where_somebody_listens_on_the_port(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="web")])
    listen(4000)
    assert glance(opened(deps), [Wish(name="web")], None) is None
    assert allocate(opened(deps), [Wish(name="web")]).assignments[0].port == 4001


def test_read_only_refuses_what_a_glance_would_do(deps: Deps):
    allocate(deps, [Wish(name="web")])
    with pytest.raises(LockedDown):
        allocate(replace(opened(deps), config=Config(read_only=True)), [Wish(name="web")])
