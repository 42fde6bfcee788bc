"""A service that keeps its port by a glance keeps it by a full look as well, whoever listens."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manager_world import OTHER, SHOP, Listen

from portdash.config.settings import Config
from portdash.demo.clock import FrozenClock
from portdash.demo.machine import FakeMachine
from portdash.errors import LockedDown, PortdashError
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps, Place
from portdash.manager.glancing import glance
from portdash.manager.plans import plan_allocate
from portdash.manager.wishes import Wish
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol
from portdash.store.memory import MemoryStore

PORTS = st.integers(4000, 4005)
NAMES = st.sampled_from(["web", "api"])
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
STRATEGIES = st.none() | st.sampled_from(["minimal", "conservative"])


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
    wish=WISHES,
    variable=st.none() | PORTS,
)
def test_what_a_glance_leaves_alone_a_full_look_leaves_alone(
    before: list[tuple[int, str | None, str]],
    first: list[Wish],
    after: list[tuple[int, str | None, str]],
    wish: Wish,
    variable: int | None,
):
    machine, store = FakeMachine(host="here", user="dev"), MemoryStore()
    for server in before:
        machine.listen(listener(*server))
    deps = Deps(
        store=store,
        machine=machine,
        config=Config(),
        clock=FrozenClock(1_800_000_000.0),
        place=Place("here", "dev", SHOP, "development"),
        actor="test",
        environ={} if variable is None else {"WEB_PORT": str(variable)},
    )
    for each in first:
        asked(deps, each)
    for server in after:
        machine.listen(listener(*server))
    if glance(replace(deps, held=store.snapshot()), [wish], None) is not None:
        plan = plan_allocate(deps, deps.observer.snapshot(), [wish])
        assert not plan.steps
        assert not plan.unresolved
        assert not plan.notices


def opened(deps: Deps) -> Deps:
    return replace(deps, held=deps.store.snapshot())


def test_a_glance_is_enough_where_nobody_listens_on_the_port(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="web"), Wish(name="api")])
    listen(4100)
    assert glance(opened(deps), [Wish(name="web"), Wish(name="API")], None) is not None
    rows = allocate(opened(deps), [Wish(name="web")]).assignments
    assert [row.port for row in rows] == [4000]


@pytest.mark.parametrize("wish", [Wish(name="new"), Wish(name="web", exclude=frozenset({4000})), Wish(name="web@2")])
def test_a_glance_is_not_enough_for_what_changes_something(deps: Deps, wish: Wish):
    allocate(deps, [Wish(name="web")])
    assert glance(opened(deps), [wish], None) is None


def test_a_glance_is_not_enough_where_somebody_listens_on_the_port(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="web")])
    listen(4000)
    assert glance(opened(deps), [Wish(name="web")], None) is None
    assert allocate(opened(deps), [Wish(name="web")]).assignments[0].port == 4001


def test_read_only_refuses_what_a_glance_would_do(deps: Deps):
    allocate(deps, [Wish(name="web")])
    with pytest.raises(LockedDown):
        allocate(replace(opened(deps), config=Config(read_only=True)), [Wish(name="web")])
