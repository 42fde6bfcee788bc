"""Releasing, adopting, and taking things back."""

from copy import deepcopy
from dataclasses import replace

import pytest
from worlds import MINIMAL, SHOP, World, actions, ask, key, result, spec

from portdash.errors import NoSuchService, UsageError
from portdash.model.assignment import Source
from portdash.model.history import Change, Operation
from portdash.model.plan import Plan
from portdash.model.ports import IpProtocol, PortRange
from portdash.planning.adoption import Adoption, plan_adopt
from portdash.planning.allocation import plan_allocate
from portdash.planning.releasing import plan_release
from portdash.planning.undoing import plan_undo

HERE = SHOP.root


def texts(made: Plan) -> list[str]:
    return [left.text for left in made.unresolved]


# Release


def test_releasing_takes_the_children_along_first():
    world = World().has("api", 3000).has("ws", 3000, inherit_from="api").has("sub", 3000, inherit_from="ws").runs("api")
    made = plan_release(world.snapshot(), [key("api"), key("ws")], actor="cli")
    assert actions(made) == ["release sub 3000", "release ws 3000", "release api 3000"]
    assert made.title == "release api and ws"
    assert made.notices == ("shop/api still runs: node 20000 on 3000 is not ended",)
    assert result(world, made) == {}
    with pytest.raises(NoSuchService):
        plan_release(world.snapshot(), [key("nobody")], actor="cli")


# Adopt


def adopt(world: World, *adoptions: Adoption) -> Plan:
    return plan_adopt(world.snapshot(), adoptions, actor="cli")


def adoption(name: str, port: int, workspace: str = "blog") -> Adoption:
    return Adoption(key(name, workspace), spec(name), port, IpProtocol.TCP)


def test_adopting_keeps_the_port_as_detected():
    made = adopt(World().listens(5175).listens(5432, pid=None), adoption("vite", 5175), adoption("pg", 5432))
    assert actions(made) == ["assign vite 5175", "assign pg 5432"]
    assert {step.after.source for step in made.steps if step.after} == {Source.DETECTED}
    assert made.title == "adopt vite and pg"


def test_a_port_seen_twice_is_adopted_once():
    made = adopt(World().listens(5175).listens(5175, address="::1"), adoption("a", 5175), adoption("b", 5175))
    assert actions(made) == ["assign a 5175"]
    assert made.notices == ("5175 is adopted once, as a",)


def test_what_cannot_be_adopted():
    world = World().has("web", 3000).listens(3000).listens(3001)
    with pytest.raises(UsageError, match="3000 is shop/web's already"):
        adopt(world, adoption("mine", 3000))
    with pytest.raises(UsageError, match="shop/web is a service already, on 3000"):
        adopt(world, adoption("web", 3001, "shop"))
    with pytest.raises(UsageError, match="nobody listens on 3002"):
        adopt(world, adoption("mine", 3002))


# Undo


def applied(world: World, made: Plan) -> tuple[World, Operation]:
    """The world after a plan, and the operation a store would have recorded."""
    rows = result(world, made)
    touched = {step.key for step in made.steps if step.key}
    changes = tuple(Change(world.rows.get(each), rows.get(each)) for each in sorted(touched))
    then = replace(world, rows=rows, revision=world.revision + 1)
    return then, Operation(
        id="op", title=made.title, workspace="shop", actor="cli", at=0.0, revision=then.revision, changes=changes
    )


def undo(world: World, operation: Operation) -> Plan:
    return plan_undo(world.snapshot(), operation, actor="cli")


def test_undo_is_the_way_back_of_a_chain():
    world = World().has("a", 7000, range=PortRange(7000, 7001)).has("b", 7001, range=PortRange(7001, 7002))
    world.has("kid", 7000, inherit_from="a")
    request = ask("web", range=PortRange(7000, 7000))
    then, operation = applied(world, plan_allocate(world.snapshot(), [request], strategy=MINIMAL, actor="cli"))
    made = undo(then, operation)
    assert made.title == "undo: allocate web"
    assert made.undoes == "op"
    assert result(then, made) == world.rows
    assert not made.unresolved


def test_two_services_that_changed_places_change_back():
    world = World().has("a", 7000).has("b", 7001)
    then = World().has("a", 7001).has("b", 7000).has("c", 7002)
    changes = tuple(Change(world.rows[each], then.rows[each]) for each in (key("a"), key("b")))
    operation = Operation(id="op", title="t", workspace="shop", actor="cli", at=0.0, revision=3, changes=changes)
    made = undo(then, operation)
    assert sorted(actions(made)) == ["move a 7001 7000", "move b 7000 7001"]
    assert not made.unresolved
    then.has("b", 7003)
    assert texts(undo(then, operation)) == ["b stays as it is: it has changed since"]
    assert actions(undo(then, operation)) == ["move a 7001 7000"]


def test_undo_of_a_release_finds_the_server_that_went_on():
    world = World().has("api", 3000).has("ws", 3000, inherit_from="api").listens(3000, cwd=HERE)
    then, operation = applied(world, plan_release(world.snapshot(), [key("api")], actor="cli"))
    made = undo(then, operation)
    assert actions(made) == ["assign api 3000", "assign ws 3000"]
    assert result(then, made) == world.rows


def test_undo_of_an_allocation_says_that_the_server_runs_on():
    then, operation = applied(World(), plan_allocate(World().snapshot(), [ask("web")], strategy=MINIMAL, actor="cli"))
    made = undo(then.runs("web"), operation)
    assert actions(made) == ["release web 4000"]
    assert made.notices == ("shop/web still runs: node 20000 on 4000 is not ended",)


def test_undo_of_an_allocation_leaves_what_portdash_runs_to_those_who_can_stop_it():
    asked = [ask("web"), ask("api")]
    then, operation = applied(World(), plan_allocate(World().snapshot(), asked, strategy=MINIMAL, actor="cli"))
    made = undo(then.runs("web", supervised=True), operation)
    assert actions(made) == ["release api 4001"]
    assert texts(made) == ["web stays as it is: portdash runs it; `portdash stop web` ends it"]
    then.runs("api", supervised=True)
    assert undo(then, operation).is_stuck


def test_undo_of_an_allocation_leaves_those_that_share_the_port_of_what_portdash_runs():
    asked = [ask("web"), ask("ws", inherit_from="web"), ask("chat", inherit_from="ws")]
    then, operation = applied(World(), plan_allocate(World().snapshot(), asked, strategy=MINIMAL, actor="cli"))
    for run, told in (("web", "web; `portdash stop web`"), ("ws", "ws; `portdash stop ws`")):
        made = undo(deepcopy(then).runs(run, supervised=True), operation)
        assert made.is_stuck
        assert f"chat stays as it is: portdash runs {told} ends it" in texts(made)


def test_what_has_changed_since_stays():
    world = World().has("web", 3000).has("api", 3001)
    then, operation = applied(world, plan_release(world.snapshot(), [key("web"), key("api")], actor="cli"))
    then.has("other", 3000)
    made = undo(then, operation)
    assert actions(made) == ["assign api 3001"]
    assert texts(made) == ["web stays as it is: 3000 is shop/other's by now"]
    then.listens(3001)
    squatted = undo(then, operation)
    assert actions(squatted) == ["assign api 3001"]
    assert squatted.notices == ("node 4121 listens on 3001: api is in conflict again",)
    moved = replace(then.has("api", 3009), listeners=[])
    assert undo(moved, operation).is_stuck
    assert undo(then, replace(operation, undone=True)).is_stuck


def test_undo_of_an_allocation_waits_for_those_that_share_the_port():
    world = World()
    then, operation = applied(world, plan_allocate(world.snapshot(), [ask("api")], strategy=MINIMAL, actor="cli"))
    then.has("ws", 4000, inherit_from="api")
    made = undo(then, operation)
    assert made.is_stuck
    assert texts(made) == ["api stays as it is: shop/ws shares its port"]
