"""Resolving and moving."""

from dataclasses import replace

import pytest
from worlds import AGGRESSIVE, CONSERVATIVE, FIX, MINIMAL, SHOP, World, actions, key, ports

from portdash.errors import InvalidPort, NoPortAvailable, NoSuchService, UsageError
from portdash.model.assignment import Source
from portdash.model.plan import Action, Plan, Strategy
from portdash.model.policy import Policy
from portdash.model.ports import IpProtocol, PortRange
from portdash.planning.moving import plan_move
from portdash.planning.resolution import plan_resolve

HERE = SHOP.root


def texts(made: Plan) -> list[str]:
    return [left.text for left in made.unresolved]


# Resolve


def resolve(world: World, name: str | None, strategy: Strategy = MINIMAL, workspace: str = "shop") -> Plan:
    wanted = key(name, workspace) if name else None
    return plan_resolve(world.snapshot(), wanted, strategy=strategy, actor="cli")


def next_door() -> World:
    """The scene of the dashboard: the worktree's web runs on our web's port."""
    world = (
        World()
        .has("web", 3000, preferred=(3000,), type="web")
        .has("web", 3002, FIX.name, preferred=(3000,), type="web")
    )
    return world.runs("web", FIX.name, port=3000)


def test_minimal_moves_the_one_that_is_squatted():
    made = resolve(next_door(), "web")
    assert actions(made) == ["move web 3000 3001"]
    assert made.title == "resolve web (minimal)"
    assert made.steps[0].reason == "node 20000 holds 3000"
    assert made.cost.moved == 1


def test_conservative_names_the_holder_and_is_stuck():
    made = resolve(next_door(), "web", CONSERVATIVE)
    assert made.is_stuck
    assert texts(made) == ["shop/web stays on 3000 though node 20000 holds 3000"]


def test_aggressive_ends_the_holder():
    assert actions(resolve(next_door(), "web", AGGRESSIVE)) == ["terminate node 20000"]


def test_a_misplaced_service_does_not_settle_on_what_is_anothers():
    made = resolve(next_door(), "web", workspace=FIX.name)
    assert made.is_stuck
    assert texts(made) == [
        "shop@fix-login/web runs on 3000 instead of 3002 (3000 is shop/web's): start it again on 3002"
    ]


def test_a_misplaced_service_is_kept_where_it_runs():
    world = World().has("web", 3000, preferred=(3000,)).runs("web", port=3007)
    made = resolve(world, "web")
    assert actions(made) == ["move web 3000 3007"]
    row = made.steps[0].after
    assert row is not None
    assert (row.source, row.home, made.steps[0].reason) == (Source.DETECTED, 3000, "its server runs on 3007")
    assert made.cost.running_moved == 0, "its server is not disturbed"
    assert actions(resolve(world, "web", AGGRESSIVE)) == ["move web 3000 3007"]
    assert resolve(world, "web", CONSERVATIVE).is_stuck
    assert made.unresolved == ()


def test_a_squatted_service_that_runs_elsewhere_is_kept_there():
    world = World().has("web", 3000).listens(3000).runs("web", port=3007)
    assert actions(resolve(world, "web")) == ["move web 3000 3007"]


@pytest.mark.parametrize(
    ("wishes", "port"),
    [({"pin": True}, 3007), ({"exclude": frozenset({3007})}, 3007), ({}, 40_000)],
)
def test_a_misplaced_service_is_not_kept_where_it_must_not_be(wishes: dict[str, object], port: int):
    made = resolve(World().has("web", 3000, **wishes).runs("web", port=port), "web")
    assert made.is_stuck
    assert "start it again on 3000" in texts(made)[0]


def test_of_two_with_one_port_the_cheaper_moves_and_priority_decides_first():
    equal = World().has("a", 3000, base=3000).has("b", 3000, base=3000)
    assert actions(resolve(equal, "a")) == ["move a 3000 3001"]
    running = World().has("a", 3000, base=3000).runs("a").has("b", 3000, "blog", base=3000)
    assert actions(resolve(running, "a")) == ["move b 3000 3001"]
    ranked = World().has("a", 3000, base=3000, priority=1).has("b", 3000, base=3000, priority=3)
    assert actions(resolve(ranked, "a")) == ["move b 3000 3001"]
    assert actions(resolve(ranked, "b")) == ["move b 3000 3001"]
    assert actions(resolve(ranked, None)) == ["move b 3000 3001"]
    assert resolve(ranked, "b", AGGRESSIVE).is_stuck


def test_what_is_shadowed_moves_or_has_the_other_ended():
    world = World().has("web", 3000, base=3000).runs("web").listens(3000, pid=5, address="::1")
    assert actions(resolve(world, "web")) == ["move web 3000 3001"]
    assert "start it again on 3001" in texts(resolve(world, "web"))[0]
    assert actions(resolve(world, "web", AGGRESSIVE)) == ["terminate node 5"]
    assert resolve(world, "web", CONSERVATIVE).is_stuck
    (left,) = texts(resolve(world, None))
    assert left.startswith("shop/web stays shadowed on 3000: node 5 answers part of it; the rest works, ")
    assert left.endswith("so a plan for all leaves it there, `portdash resolve shop/web` alone looks for another port")
    pinned = World().has("web", 3000, base=3000, pin=True).runs("web").listens(3000, pid=5, address="::1")
    assert texts(resolve(pinned, None)) == [
        "shop/web stays shadowed on 3000: shop/web is pinned, and node 5 answers part of it"
    ]


def test_a_plan_for_all_says_why_it_has_no_business_with_a_conflict():
    gone = World(vanished=frozenset({"blog"})).has("web", 3000, "blog").listens(3000, cwd="/home/me/src/other")
    made = resolve(gone, None)
    assert made.is_stuck
    assert texts(made) == ["blog/web stays as it is: its workspace is gone, `portdash prune` gives it back"]
    assert made.notices == ()
    theirs = World().has("web", 3000).listens(3000)
    (row,) = theirs.rows.values()
    other = replace(row, key=replace(row.key, user="bob"))
    theirs.rows = {other.key: other}
    assert [each for each in texts(resolve(theirs, None)) if "bob's: it is left to them" in each]


def test_a_contradiction_in_the_configuration_cannot_be_planned_away():
    world = World().has("a", 3000, conflicts_with=("b",)).has("b", 3000, inherit_from="a")
    for name in ("a", "b"):
        made = resolve(world, name)
        assert made.is_stuck
        assert "change the configuration" in texts(made)[0]


def test_all_conflicts_in_one_plan_the_more_important_first():
    world = World().has("low", 3000, base=3000, priority=4).has("high", 3001, base=3000, priority=1)
    world.listens(3000).listens(3001)
    made = resolve(world, None)
    assert actions(made) == ["move high 3001 3002", "move low 3000 3003"]
    assert made.title == "resolve all (minimal)"
    ports(world, made)


def test_all_is_stuck_only_when_nothing_can_be_done():
    world = World().has("a", 3000, base=3000).listens(3000).has("b", 3050, pin=True).listens(3050)
    made = resolve(world, None)
    assert not made.is_stuck
    assert actions(made) == ["move a 3000 3001"]
    assert texts(made) == ["shop/b is pinned to 3050, and node 4121 holds 3050"]
    assert resolve(world, None, CONSERVATIVE).is_stuck
    assert resolve(World().has("a", 3000), None).notices == ("there is no conflict",)
    assert resolve(World().has("a", 3000), "a").notices == ("shop/a has no conflict",)


def test_who_is_resolved_by_force_gets_its_first_choice_back():
    world = World().has("api", 3000, base=3000).runs("api", supervised=True).has("web", 3005, preferred=(3000, 3005))
    world.runs("web", supervised=True)
    made = resolve(world, "web", AGGRESSIVE)
    assert actions(made)[:2] == ["move api 3000 3001", "move web 3005 3000"]
    assert [step.action for step in made.steps[2:]] == [Action.RESTART, Action.RESTART]
    assert not made.needs_consent
    assert resolve(world, "web").notices == ("shop/web has no conflict",)
    assert resolve(world, None, AGGRESSIVE).notices == ("there is no conflict",), "who is not named claims nothing"
    first = resolve(world, "api", AGGRESSIVE)
    assert first.notices == ("shop/api has no conflict",), "it has what it asks for"


def test_who_asks_for_no_port_is_resolved_by_force_to_its_home():
    world = World().has("api", 3000).has("web", 3005, home=3000)
    assert actions(resolve(world, "web", AGGRESSIVE)) == ["move api 3000 4000", "move web 3005 3000"]


@pytest.mark.parametrize(
    ("world", "text"),
    [
        (World().has("api", 3000, pin=True), "shop/web cannot have 3000: shop/api has it, and is pinned"),
        (World().has("api", 3000, priority=1), "is more important"),
    ],
)
def test_a_first_choice_that_cannot_be_forced_is_left_and_said(world: World, text: str):
    made = resolve(world.has("web", 3005, preferred=(3000,)), "web", AGGRESSIVE)
    assert made.is_stuck
    assert text in texts(made)[0]
    assert made.notices == ()


def test_the_port_of_a_variable_is_no_fallback():
    world = World().has("web", 3005, preferred=(3000,), source=Source.OVERRIDE)
    assert resolve(world, "web", AGGRESSIVE).steps == ()


def test_both_sides_of_the_scene_next_door():
    made = resolve(next_door(), None)
    assert actions(made) == ["move web 3000 3001"]
    assert len(texts(made)) == 1, "the worktree's server stays where our home is"


def test_an_untrusted_project_settles_only_its_own():
    world = (
        World(policy=Policy(trusted=False))
        .has("web", 3000, "blog")
        .listens(3000, cwd=HERE)
        .has("x", 3010)
        .listens(3010)
    )
    assert actions(resolve(world, None)) == ["move x 3010 4000"]


def test_a_child_resolves_through_its_parent():
    world = World().has("api", 3000, base=3000).has("ws", 3000, inherit_from="api").listens(3000)
    assert actions(resolve(world, "ws")) == ["move api 3000 3001", "move ws 3000 3001"]
    assert actions(resolve(world, None)) == ["move api 3000 3001", "move ws 3000 3001"]


def test_unknown_services_are_said():
    with pytest.raises(NoSuchService):
        resolve(World(), "nobody")


# Move


def move(world: World, name: str, to: int | None = None, strategy: Strategy = MINIMAL) -> Plan:
    return plan_move(world.snapshot(), key(name), to, strategy=strategy, actor="cli")


def test_moving_on_and_back():
    world = World().has("web", 3000, base=3000).has("kid", 3000, inherit_from="web")
    made = move(world, "web")
    assert actions(made) == ["move web 3000 3001", "move kid 3000 3001"]
    assert made.title == "move web to 3001"
    assert made.steps[0].after is not None
    assert made.steps[0].after.home is None, "who moves it means it"
    fallen = World().has("web", 3003, preferred=(3000,), base=3000)
    assert actions(move(fallen, "web")) == ["move web 3003 3000"]


def test_moving_to_a_port():
    world = World().has("web", 3000, preferred=(3000,)).runs("web")
    made = move(world, "web", 3003)
    assert actions(made) == ["move web 3000 3003"]
    assert texts(made) == ["shop/web still runs on 3000 (node 20000): start it again on 3003"]
    assert not made.is_stuck
    assert move(world, "web", 3000).notices == ("shop/web has 3000 already",)
    with pytest.raises(InvalidPort):
        move(world, "web", 0)


@pytest.mark.parametrize("strategy", [MINIMAL, CONSERVATIVE])
@pytest.mark.parametrize(
    ("to", "text"),
    [(3001, "shop/api has it"), (3005, "listening: node 4121"), (80, "it is privileged"), (4321, "it is os reserved")],
)
def test_moving_to_a_port_that_cannot_be_had(strategy: Strategy, to: int, text: str):
    world = World().has("web", 3000).has("api", 3001).listens(3005)
    made = move(world, "web", to, strategy)
    assert made.is_stuck
    assert text in texts(made)[0]


def test_an_explicit_wish_beats_a_rule_of_taste_and_is_said():
    made = move(World(quarantined={(IpProtocol.TCP, 50051): "grpc"}).has("web", 3000), "web", 50051)
    assert actions(made) == ["move web 3000 50051"]
    assert len(made.notices) == 2


def test_aggressive_moving_displaces():
    world = World().has("web", 3000).has("api", 3001, base=3001).listens(3005)
    assert actions(move(world, "web", 3001, AGGRESSIVE)) == ["move api 3001 3002", "move web 3000 3001"]
    assert actions(move(world, "web", 3005, AGGRESSIVE)) == ["terminate node 4121", "move web 3000 3005"]


def test_what_cannot_be_moved():
    world = World().has("api", 3000, range=PortRange(3000, 3000)).has("ws", 3000, inherit_from="api").declares("new")
    with pytest.raises(NoSuchService, match="no port yet"):
        move(world, "new")
    with pytest.raises(UsageError, match="shares the port of api"):
        move(world, "ws")
    with pytest.raises(NoPortAvailable):
        move(world, "api")


def test_moving_on_makes_room_when_there_is_none():
    world = World().has("web", 3000, range=PortRange(3000, 3001)).has("api", 3001, base=3001)
    assert actions(move(world, "web")) == ["move api 3001 3002", "move web 3000 3001"]
    with pytest.raises(NoPortAvailable):
        move(world, "web", strategy=CONSERVATIVE)


def edited() -> World:
    """A service that has 9400, a stranger on it, and a declaration that asks for 9410 by now."""
    return World().has("svc", 9400, preferred=(9400,)).declares("svc", preferred=(9410,)).listens(9400, pid=77)


def test_the_way_out_and_a_move_follow_a_declaration_that_was_edited_since():
    snapshot = edited().snapshot()
    for service in (key("svc"), None):
        resolved = plan_resolve(snapshot, service, strategy=MINIMAL, actor="test")
        assert actions(resolved) == ["move svc 9400 9410"]
        assert resolved.cost.lost == 0
    assert actions(plan_move(snapshot, key("svc"), None, strategy=MINIMAL, actor="test")) == ["move svc 9400 9410"]


def test_whose_port_it_shares_is_not_changed_on_the_way():
    world = edited().has("web", 7000, base=7000)
    world.declared.clear()
    world.declares("svc", inherit_from="web")
    plan = plan_resolve(world.snapshot(), key("svc"), strategy=MINIMAL, actor="test")
    moved = plan.steps[0].after
    assert moved is not None
    assert moved.port != 7000
    assert moved.spec.inherit_from is None
