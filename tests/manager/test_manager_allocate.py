from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from os import getpid

import pytest
from manager_world import Listen

from portdash.config.exported import EXPORTED
from portdash.config.settings import Config
from portdash.demo.machine import FakeMachine
from portdash.errors import InvalidName, LockedDown, NoPortAvailable, PlanOutdated, UsageError
from portdash.manager.allocate import allocate, draft
from portdash.manager.apply import apply_plan
from portdash.manager.deps import Deps
from portdash.manager.plans import plan_allocate
from portdash.manager.wishes import Wish
from portdash.model.assignment import Source, Verdict
from portdash.model.history import EventKind
from portdash.model.listener import Process
from portdash.model.ports import IpProtocol, PortRange


def ports(deps: Deps, *wishes: Wish) -> list[int]:
    return [row.port for row in allocate(deps, wishes).assignments]


def test_asking_twice_gives_the_same_port_and_no_new_revision(deps: Deps):
    assert ports(deps, Wish(name="web", preferred=(3000,))) == [3000]
    revision = deps.store.snapshot().revision
    assert ports(deps, Wish(name="WEB")) == [3000]
    assert deps.store.snapshot().revision == revision


def test_a_port_that_the_kernel_refuses_is_in_the_trail(
    deps: Deps, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(machine, "bind_error", lambda _protocol, port: "in use" if port == 3000 else None)
    row = allocate(deps, [Wish(name="web", preferred=(3000, 3001))]).assignments[0]
    assert (row.port, row.source, row.attempts) == (3001, Source.FALLBACK, 2)
    assert [(reason.port, reason.verdict) for reason in row.reasons] == [
        (3000, Verdict.BOUND),
        (3001, Verdict.CHOSEN),
    ]


def test_a_range_that_is_full_names_itself(deps: Deps, listen: Listen):
    for port in (5000, 5001):
        listen(port, pid=port)
    with pytest.raises(NoPortAvailable, match="No available ports found in range 5000-5001 after 2 attempts"):
        allocate(deps, [Wish(name="web", range=PortRange(5000, 5001))])
    assert not deps.store.snapshot().assignments


def test_several_at_once_are_all_or_nothing(deps: Deps, listen: Listen):
    assert ports(deps, Wish(name="a", base=5000), Wish(name="b", base=5000)) == [5000, 5001]
    listen(6000)
    with pytest.raises(NoPortAvailable):
        allocate(deps, [Wish(name="c"), Wish(name="d", range=PortRange(6000, 6000))])
    assert {key.service for key in deps.store.snapshot().assignments} == {"a", "b"}


def test_the_workspace_is_written_down_with_its_first_service(deps: Deps):
    allocate(deps, [Wish(name="web")])
    assert deps.store.snapshot().workspaces == (deps.place.workspace,)


def test_an_override_counts_unless_it_is_our_own_echo(deps: Deps):
    wish = Wish(name="web", env="WEB_PORT", preferred=(3000,))
    assert ports(replace(deps, environ={"WEB_PORT": "3500"}), wish) == [3500]
    assert ports(replace(deps, environ={"WEB_PORT": "3600", EXPORTED: "A=1,WEB_PORT=3600"}), wish) == [3000]


def test_an_override_that_is_no_port_is_a_notice_and_with_strict_an_error(deps: Deps):
    garbled = replace(deps, environ={"WEB_PORT": "tcp://10.0.0.1:6379"})
    found = allocate(garbled, [Wish(name="web", env="WEB_PORT", preferred=(3000,))])
    assert found.assignments[0].port == 3000
    assert any("WEB_PORT" in notice for notice in found.notices)
    with pytest.raises(UsageError, match="WEB_PORT"):
        allocate(garbled, [Wish(name="other", env="WEB_PORT", strict=True)])


def test_two_services_under_one_variable_are_refused(deps: Deps):
    allocate(deps, [Wish(name="my-app")])
    with pytest.raises(UsageError, match="MY_APP_PORT"):
        allocate(deps, [Wish(name="my_app")])


def test_a_lease_is_taken_once(deps: Deps, machine: FakeMachine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machine, "process", lambda pid: Process(pid=pid, ticks=77))
    for _ in range(2):
        key = allocate(deps, [Wish(name="web")], lease=True).assignments[0].key
    state = deps.store.snapshot()
    assert (state.leases[key].pid, state.leases[key].started, state.revision) == (getpid(), 77, 1)


def test_what_happens_is_heard(deps: Deps):
    heard = []
    stop = deps.events.on("assigned", heard.append)
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    stop()
    allocate(deps, [Wish(name="api")])
    assert [(event.kind, event.service, event.to_port) for event in heard] == [(EventKind.ASSIGNED, "web", 3000)]


def test_many_threads_all_get_ports_of_their_own(deps: Deps):
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: ports(deps, Wish(name=f"s{number}", base=7000))[0], range(40)))
    assert len(set(found)) == 40


def test_a_plan_is_refused_when_somebody_listens_by_then(deps: Deps, listen: Listen):
    _, plan = draft(deps, lambda snapshot: plan_allocate(deps, snapshot, [Wish(name="web", preferred=(3000,))]))
    listen(3000)
    with pytest.raises(PlanOutdated, match="node 4121 listens there"):
        apply_plan(deps, plan)
    assert not deps.store.snapshot().assignments


def test_read_only_changes_nothing(deps: Deps):
    locked = replace(deps, config=Config(read_only=True))
    with pytest.raises(LockedDown):
        allocate(locked, [Wish(name="web")])
    assert deps.store.snapshot().revision == 0


def test_udp_and_tcp_are_two_ports(deps: Deps):
    both = ports(
        deps,
        Wish(name="dns", preferred=(5300,)),
        Wish(name="dns-udp", preferred=(5300,), protocol=IpProtocol.UDP),
    )
    assert both == [5300, 5300]


@pytest.mark.parametrize("name", ["", "two words", "\x1b[31m", "../web", "web\n"])
def test_names_that_are_none_are_refused_before_anything_is_looked_at(name: str):
    with pytest.raises(InvalidName):
        Wish(name=name)
