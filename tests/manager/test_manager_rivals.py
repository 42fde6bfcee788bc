"""What happens when the world moves between two steps."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from manager_world import Listen

from portdash.demo.machine import FakeMachine
from portdash.errors import NoPortAvailable, PlanOutdated, UsageError
from portdash.manager.allocate import allocate, settle
from portdash.manager.apply import apply_plan
from portdash.manager.asking import to_wish
from portdash.manager.deps import Deps
from portdash.manager.facade import PortManager
from portdash.manager.finding import find_service
from portdash.manager.plans import plan_release, plan_resolve, plan_undo
from portdash.manager.wishes import Wish
from portdash.model.plan import Strategy, Target
from portdash.model.ports import PortRange
from portdash.model.storage import Applied, Batch, Claim, Rejected
from portdash.planning.candidates import MOST_OPTIONS


def test_a_service_that_makes_room_is_said(deps: Deps, listen: Listen):
    allocate(deps, [Wish(name="a", preferred=(4100,))])
    listen(4100, cwd="/home/dev/src/shop")
    found = allocate(deps, [Wish(name="b", range=PortRange(4100, 4100))])
    assert found.assignments[0].port == 4100
    assert any("a is 4000, was 4100" in notice for notice in found.notices)
    assert any("start it again" in notice for notice in found.notices)


def test_nobody_gets_a_port_while_its_holder_is_being_ended(
    deps: Deps, machine: FakeMachine, listen: Listen, monkeypatch: pytest.MonkeyPatch
):
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    listen(3000)
    rival = replace(deps, actor="rival")
    ending = machine.terminate
    refused: list[bool] = []

    def terminate(target: Target, *, grace: float) -> str:
        line = ending(target, grace=grace)
        try:
            allocate(rival, [Wish(name="rival", range=PortRange(3000, 3000))])
        except NoPortAvailable:
            refused.append(True)
        return line

    monkeypatch.setattr(machine, "terminate", terminate)
    snapshot = deps.observer.snapshot()
    plan = plan_resolve(deps, snapshot, find_service(snapshot, "web").key, strategy=Strategy.AGGRESSIVE)
    apply_plan(deps, plan, consent=True)
    assert refused == [True]
    assert PortManager(deps=deps).get_port("web") == 3000
    assert not deps.store.snapshot().plans


def test_a_port_that_is_taken_again_after_the_ending_is_not_committed(
    deps: Deps, machine: FakeMachine, listen: Listen, monkeypatch: pytest.MonkeyPatch
):
    allocate(deps, [Wish(name="web", preferred=(3000,))])
    listen(3000)
    snapshot = deps.observer.snapshot()
    plan = plan_resolve(deps, snapshot, find_service(snapshot, "web").key, strategy=Strategy.AGGRESSIVE)
    monkeypatch.setattr(machine, "bind_error", lambda _protocol, port: "in use" if port == 3000 else None)
    with pytest.raises(PlanOutdated, match=r"3000 is still not free.*not undoable.*4121 ended"):
        apply_plan(deps, plan, consent=True)
    assert not deps.store.snapshot().plans


class Meddled:
    """A store in which somebody else is always a moment faster or slower."""

    def __init__(self, deps: Deps, after: Callable[[], None]) -> None:
        self._store = deps.store
        self._after = after

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def apply(self, batch: Batch) -> Applied | Rejected:
        answer = self._store.apply(batch)
        self._after()
        return answer


class Rushed(Meddled):
    """A store that a crowd is always faster at: it takes all ports of a claim just before."""

    def __init__(self, deps: Deps, times: int) -> None:
        super().__init__(deps, lambda: None)
        self.times = times
        self._deps = deps

    def apply(self, batch: Batch) -> Applied | Rejected:
        claims = [op for op in batch.ops if isinstance(op, Claim)]
        if claims and self.times:
            self.times -= 1
            ports = [option.port for claim in claims for option in claim.options]
            allocate(self._deps, [Wish(name=f"rival-{port}", preferred=(port,)) for port in ports])
        return super().apply(batch)


def test_whoever_comes_last_of_a_crowd_gets_a_port(deps: Deps):
    rushed = Rushed(deps, 12)
    found = allocate(replace(deps, store=rushed), [Wish(name="last")])  # type: ignore[arg-type]
    assert rushed.times == 0
    rivals = {row.port for row in deps.store.snapshot().assignments.values() if row.name != "last"}
    assert len(rivals) > 8 * MOST_OPTIONS
    assert found.assignments[0].port not in rivals


def test_what_is_released_at_once_was_still_allocated(deps: Deps):
    def release() -> None:
        keys = list(deps.store.snapshot().assignments)
        if keys:
            settle(deps, lambda snapshot: plan_release(deps, snapshot, keys))

    meddled = replace(deps, store=Meddled(deps, release))  # type: ignore[arg-type]
    assert allocate(meddled, [Wish(name="web", preferred=(3000,))]).assignments[0].port == 3000
    assert not deps.store.snapshot().assignments


def test_undo_stays_in_its_environment(deps: Deps):
    allocate(deps, [Wish(name="web")])
    staging = replace(deps, place=deps.place._replace(environment="staging"))
    allocate(staging, [Wish(name="web")])
    settle(deps, lambda snapshot: plan_undo(deps, snapshot))
    assert [key.environment for key in deps.store.snapshot().assignments] == ["staging"]


def test_loose_parameters_become_wishes_or_one_clear_error(deps: Deps):
    assert to_wish({"name": "q", "preferred": 3000, "range": (3000, 3010), "protocol": "udp"}).preferred == (3000,)
    manager = PortManager(deps=deps)
    assert manager.allocate("other/web", preferred=[3000]).port == manager.get_port("other/web") == 3000
    for bad in ({"protocol": "sctp"}, {"nosuch": 1}, {"range": 5}, {"preferred": ["x"]}, {"strategy": "bogus"}):
        with pytest.raises(UsageError):
            manager.allocate("web", **bad)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="assigned, moved"):
        manager.on("nosuch", print)


def test_a_base_port_that_is_said_wins_over_the_configuration(deps: Deps):
    configured = replace(deps, config=replace(deps.config, base_port=5500))
    assert PortManager(deps=configured).get_next_port() == 5500
    assert PortManager(4000, deps=configured).get_next_port() == 4000
