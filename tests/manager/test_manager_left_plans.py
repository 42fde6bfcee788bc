"""Plans whose end could not be written down: whoever acts next in the same process, which lives on, settles them."""

import subprocess
import sys
from dataclasses import replace
from os import getpid

import pytest
from manager_world import Listen

from portdash.dashboard.desk import Desk
from portdash.demo.machine import FakeMachine
from portdash.errors import NotSupervised, PlanOutdated, StoreUnavailable
from portdash.manager import phases
from portdash.manager.allocate import allocate
from portdash.manager.apply import apply_plan
from portdash.manager.deps import Deps
from portdash.manager.freeing import plan_free
from portdash.manager.looking import look
from portdash.manager.wishes import Wish
from portdash.model.listener import Process
from portdash.model.ports import IpProtocol
from portdash.model.storage import Applied, Batch, Rejected
from portdash.store.memory import MemoryStore


class AwayStore(MemoryStore):
    """Takes nothing while it is away."""

    is_away = False

    def apply(self, batch: Batch) -> Applied | Rejected:
        if self.is_away:
            raise StoreUnavailable("the store is away")
        return super().apply(batch)


@pytest.fixture
def store() -> AwayStore:
    return AwayStore()


@pytest.fixture
def left(deps: Deps, store: AwayStore, machine: FakeMachine, listen: Listen) -> Deps:
    """Where a plan that freed 3000 could write neither its changes nor that it was rolled back; its process lives."""
    machine.start(Process(pid=getpid(), ticks=5))
    listen(3000)
    deps = replace(deps, store=store)
    plan = plan_free(deps, deps.observer.snapshot(), 3000, IpProtocol.TCP)
    with pytest.raises(StoreUnavailable, match=r"done before that, and not undoable: .*4121 ended"):
        apply_plan(deps, plan, consent=True, progress=lambda _line: setattr(store, "is_away", True))
    assert store.snapshot().plans
    return deps


def test_where_a_server_is_gone_that_was_to_move_it_is_said_what_was_ended_before(
    deps: Deps, listen: Listen, monkeypatch: pytest.MonkeyPatch
):
    def moves(*_args: object) -> None:
        raise NotSupervised("nobody runs web")

    listen(3000)
    monkeypatch.setattr(phases, "moves", moves)
    plan = plan_free(deps, deps.observer.snapshot(), 3000, IpProtocol.TCP)
    with pytest.raises(PlanOutdated, match=r"nobody runs web; done before that, and not undoable: .*4121 ended"):
        apply_plan(deps, plan, consent=True)


def test_who_acts_next_has_the_port_that_it_kept(left: Deps, store: AwayStore):
    store.is_away = False
    assert allocate(left, [Wish(name="web", preferred=(3000,))]).assignments[0].port == 3000
    assert store.snapshot().plans == ()


def test_a_dashboard_that_looks_settles_it(left: Deps, store: AwayStore):
    store.is_away = False
    assert Desk(left).look().reserved == frozenset()
    assert store.snapshot().plans == ()


def test_who_may_change_nothing_leaves_it(left: Deps, store: AwayStore):
    store.is_away = False
    config = replace(left.config, read_only=True)
    for looked in (look(replace(left, config=config)), Desk(replace(left, config=config)).look()):
        assert looked.reserved == {(IpProtocol.TCP, 3000)}
    assert store.snapshot().plans


def test_a_plan_that_a_thread_of_this_process_is_at_is_left_alone(deps: Deps, machine: FakeMachine, listen: Listen):
    machine.start(Process(pid=getpid(), ticks=5))
    listen(3000)
    seen = []

    def meanwhile(_line: str) -> None:
        seen.extend((look(deps).reserved, Desk(deps).look().reserved))

    plan = plan_free(deps, deps.observer.snapshot(), 3000, IpProtocol.TCP)
    apply_plan(deps, plan, consent=True, progress=meanwhile)
    assert seen == [{(IpProtocol.TCP, 3000)}] * 4
    assert look(deps).reserved == frozenset()


def test_where_nothing_forks_they_can_be_settled_as_well():
    without = "import os; del os.register_at_fork; import portdash.manager.recovery, portdash.manager.phases"
    done = subprocess.run([sys.executable, "-c", without], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
