"""Several claimants at once: what a plan costs is proved against trying every arrangement there is."""

import os
from collections.abc import Iterator, Mapping
from random import Random

import pytest
from worlds import MINIMAL, World, actions, ask, key, ports, result

from portdash.errors import NoPortAvailable
from portdash.model.assignment import Assignment, ServiceKey, ServiceSpec
from portdash.model.plan import Plan
from portdash.model.policy import Policy
from portdash.model.ports import IpProtocol, PortRange
from portdash.planning.allocation import plan_allocate
from portdash.planning.requests import Placement
from portdash.planning.resolution import plan_resolve

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
WORLDS = 2_500 * SCALE
CHUNK = 250
FIRST, LAST = 7000, 7008
UDP = IpProtocol.UDP
Price = tuple[int, int, int]


def only(*allowed: int, **wishes: object) -> dict[str, object]:
    """A wish for these ports and no others."""
    return {"preferred": allowed, "range": PortRange(allowed[0], allowed[0]), **wishes}


def place(world: World, *claimants: Placement) -> Plan:
    return plan_allocate(world.snapshot(), claimants, strategy=MINIMAL, actor="test")


def test_an_earlier_claimant_takes_another_port_where_a_later_one_has_only_this():
    plan = place(World(), ask("a", **only(7000, 7001)), ask("b", **only(7000)))
    assert ports(World(), plan) == {"shop/a": 7001, "shop/b": 7000}
    assert plan.optimal
    row = next(step.after for step in plan.steps if step.key == key("a"))
    assert [(each.port, each.holder) for each in row.reasons] == [(7000, "shop/b"), (7001, None)]
    assert row.attempts == 2


def test_nobody_is_displaced_for_what_the_claimants_can_settle_among_themselves():
    world = World().has("old", 7001, range=PortRange(7001, 7009))
    plan = place(world, ask("a", **only(7000, 7002)), ask("b", **only(7000, 7001)))
    assert actions(plan) == ["assign a 7002", "assign b 7000"]


def test_a_displaced_service_goes_back_where_that_is_cheaper_for_all():
    world = World().has("x", 7000, range=PortRange(7000, 7001)).has("y", 7002, range=PortRange(7002, 7003))
    alone, both = place(world, ask("a", **only(7000, 7002))), (ask("a", **only(7000, 7002)), ask("b", **only(7001)))
    assert actions(alone) == ["move x 7000 7001", "assign a 7000"]
    plan = place(world, *both)
    assert actions(plan) == ["move y 7002 7003", "assign a 7002", "assign b 7001"]
    assert plan.cost.moved == 1
    assert plan.optimal


def test_a_port_can_be_passed_on_though_the_server_of_who_had_it_still_listens_there():
    world = World().has("old", 7004, range=PortRange(7004, 7006)).has("s", 7007, range=PortRange(7007, 7009))
    world.runs("old").runs("s")
    plan = place(world, ask("a", **only(7004, 7007)), ask("b", **only(7004)))
    assert ports(world, plan) == {"shop/old": 7005, "shop/s": 7008, "shop/a": 7007, "shop/b": 7004}


def test_what_is_said_of_a_service_that_was_moved_twice_names_its_last_port():
    world = World().has("x", 7000, range=PortRange(7000, 7002)).runs("x")
    plan = place(world, ask("a", **only(7000)), ask("b", **only(7001)))
    assert [left.text for left in plan.unresolved] == ["shop/x still runs on 7000 (node 20000): start it again on 7002"]


def test_the_less_important_claimant_does_not_reach_the_more_important_through_a_fellow():
    world = World().has("vip", 7001, range=PortRange(7001, 7003), priority=2)
    first, second = ask("a", **only(7000, 7001), priority=2), ask("b", **only(7000), priority=3)
    plan = place(world, first, second)
    assert ports(world, plan) == {"shop/a": 7001, "shop/b": 7000, "shop/vip": 7002}
    assert plan.optimal
    with pytest.raises(NoPortAvailable):
        place(world, ask("a", **only(7000), priority=2), ask("b", **only(7000, 7001), priority=3))


def test_resolving_all_finds_room_for_everybody_where_one_by_one_would_not():
    world = World().has("a", 7000, **only(7000, 7001, 7002)).has("b", 7003, **only(7003, 7001))
    world.listens(7000, pid=1, cwd="/else").listens(7003, pid=2, cwd="/else")
    plan = plan_resolve(world.snapshot(), None, strategy=MINIMAL, actor="test")
    assert ports(world, plan) == {"shop/a": 7002, "shop/b": 7001}
    assert not plan.unresolved
    homes = {step.key.service: step.after.home for step in plan.steps if step.key and step.after}
    assert homes == {"a": 7000, "b": 7003}


def test_a_chain_through_a_service_of_both_protocols_is_found_for_several_claimants_too():
    world = World().has("u", 7000, protocol=UDP, **only(7000, 7003))
    world.has("z", 7001, **only(7001, 7000)).has("zu", 7001, inherit_from="z", protocol=UDP)
    world.has("a", 7010, **only(7010, 7011))
    world.listens(7001, pid=1, cwd="/else").listens(7010, pid=2, cwd="/else")
    plan = plan_resolve(world.snapshot(), None, strategy=MINIMAL, actor="test")
    assert sorted(actions(plan)) == ["move a 7010 7011", "move u 7000 7003", "move z 7001 7000", "move zu 7001 7000"]
    assert plan.optimal


def test_resolving_all_gives_back_what_a_vanished_workspace_has_and_does_not_move_it():
    world = World(vanished=frozenset({"blog"})).has("web", 7506, "blog", **only(7506, 7505))
    world.has("api", 7502, **only(7502, 7506)).listens(7502, pid=2, cwd="/else")
    plan = plan_resolve(world.snapshot(), None, strategy=MINIMAL, actor="test")
    assert actions(plan) == ["release web 7506", "move api 7502 7506"]
    both = World(vanished=frozenset({"blog"})).has("web", 7506, "blog", **only(7506, 7505))
    both.has("api", 7502, **only(7502, 7505)).listens(7502, pid=2, cwd="/else").listens(7506, pid=3, cwd="/else")
    assert actions(plan_resolve(both.snapshot(), None, strategy=MINIMAL, actor="test")) == ["move api 7502 7505"]


# Proof


def random_world(seed: int) -> tuple[World, list[Placement], frozenset[ServiceKey]]:
    """A crowd in nine ports; some new claimants, and some services whose port a stranger has."""
    random = Random(seed)
    world = World(policy=Policy(base_port=FIRST, span=LAST - FIRST + 1))
    spots = random.sample(range(FIRST, LAST + 1), random.randint(3, 6))
    squatted = set()
    for number, port in enumerate(spots):
        name = f"s{number}"
        others = random.sample(range(FIRST, LAST + 1), random.randint(0, 3))
        wanted = (port, *others) if random.random() < 0.5 else (*others, port)
        world.has(
            name, port, **only(*dict.fromkeys(wanted), pin=random.random() < 0.1, priority=random.choice((2, 3, 3, 3)))
        )
        if random.random() < 0.2:
            world.has(f"{name}-child", port, inherit_from=name)
        roll = random.random()
        if roll < 0.3:
            world.runs(name)
        elif roll < 0.5 and not world.rows[key(name)].spec.pin:
            world.listens(port, pid=port, cwd="/else")
            squatted.add(key(name))
    for port in set(range(FIRST, LAST + 1)) - set(spots):
        if random.random() < 0.25:
            world.listens(port, pid=port, cwd="/else")
    mixed = random.random() < 0.3
    claimants = [
        ask(
            f"new{number}",
            **only(
                *random.sample(range(FIRST, LAST + 1), random.randint(1, 3)),
                priority=random.choice((2, 3)) if mixed else 3,
            ),
        )
        for number in range(random.randint(1, 3))
    ]
    return world, claimants, frozenset(squatted)


def asked(spec: ServiceSpec) -> list[int]:
    return list(dict.fromkeys((*spec.preferred, *(spec.range or ()))))


class Trying:
    """Every arrangement of the claimants and the services that may have to make room."""

    def __init__(self, world: World, claimants: Mapping[ServiceKey, ServiceSpec]) -> None:
        self.claimants = claimants
        self.rows = {each: row for each, row in world.rows.items() if row.spec.inherit_from is None}
        self.running = {lease.service for lease in world.leases}
        self.strangers = {each.port for each in world.listeners if each.pid == each.port}

    def best(self) -> Price | None:
        return min(self.prices([*self.claimants.items()], {}), default=None)

    def prices(self, waiting: list[tuple[ServiceKey, ServiceSpec]], taken: dict[int, ServiceKey]) -> Iterator[Price]:
        """Place who is waiting, one after the other; whose port is taken waits too."""
        if not waiting:
            if self.is_allowed(taken):
                yield self.price(taken)
            return
        (who, spec), *rest = waiting
        for port in asked(spec):
            if port in taken or port in self.strangers:
                continue
            owner = next(
                (row for row in self.rows.values() if row.port == port and row.key not in self.claimants), None
            )
            if owner is None or owner.key in taken.values():
                yield from self.prices(rest, {**taken, port: who})
            elif owner.key not in {each for each, _ in rest} and not owner.spec.pin and owner.key != who:
                yield from self.prices([*rest, (owner.key, owner.spec)], {**taken, port: who})

    def is_allowed(self, taken: dict[int, ServiceKey]) -> bool:
        """Each chain moves only services that are not more important than the claimant at its head."""
        for who in taken.values():
            if who in self.claimants:
                continue
            head = who
            while head not in self.claimants:
                head = taken[self.rows[head].port]
            if (self.rows[who].spec.priority or 3) < (self.claimants[head].priority or 3):
                return False
        return True

    def price(self, taken: dict[int, ServiceKey]) -> Price:
        moved = [self.rows[who] for who in taken.values() if who not in self.claimants]
        return (
            sum(row.key.service in self.running for row in moved),
            len(moved),
            sum(row.spec.preferred[:1] == (row.port,) for row in moved),
        )


def price_for_others(plan: Plan, claimants: frozenset[ServiceKey], before: Trying) -> Price:
    rows: list[Assignment] = [
        step.before
        for step in plan.steps
        if step.before and step.key not in claimants and step.before.spec.inherit_from is None
    ]
    assert all(step.from_port != step.to_port for step in plan.steps)
    return (
        sum(row.key.service in before.running for row in rows),
        len(rows),
        sum(row.spec.preferred[:1] == (row.port,) for row in rows),
    )


@pytest.mark.parametrize("start", range(0, WORLDS, CHUNK))
def test_a_plan_for_several_is_as_cheap_as_any(start: int):
    solved = moving = 0
    for seed in range(start, start + CHUNK):
        world, claimants, _ = random_world(seed)
        tried = Trying(world, {each.key: each.spec for each in claimants})
        best = tried.best()
        same = len({each.spec.priority for each in claimants}) == 1
        try:
            plan = place(world, *claimants)
        except NoPortAvailable:
            assert best is None or not same, f"seed {seed}: {best} was missed"
            continue
        result(world, plan)  # applies it step by step
        cost = price_for_others(plan, frozenset(each.key for each in claimants), tried)
        assert plan.optimal or not same, f"seed {seed}"
        assert best is not None
        assert cost == best or (not plan.optimal and cost > best), f"seed {seed}: {cost} where {best} does"
        solved += 1
        moving += cost[1] > 0
    assert solved > CHUNK // 4
    assert moving > CHUNK // 20


@pytest.mark.parametrize("start", range(0, WORLDS, CHUNK))
def test_a_plan_for_all_conflicts_is_as_cheap_as_any(start: int):
    settled = 0
    for seed in range(start, start + CHUNK):
        world, _, squatted = random_world(seed)
        if not squatted:
            continue
        specs = {each: world.rows[each].spec for each in squatted}
        tried = Trying(world, specs)
        best = tried.best() if len({each.priority for each in specs.values()}) == 1 else None
        plan = plan_resolve(world.snapshot(), None, strategy=MINIMAL, actor="test")
        if not plan.steps:
            assert best is None, f"seed {seed}: {best} was missed"
            continue
        rows = result(world, plan)
        if best is None:
            continue
        assert all(rows[each].port not in tried.strangers for each in squatted), f"seed {seed}: somebody was left"
        assert price_for_others(plan, squatted, tried) == best, f"seed {seed}"
        assert plan.optimal
        settled += 1
    assert settled > CHUNK // 20
