from dataclasses import replace

import pytest
from manager_world import OTHER, SHOP, Listen

from portdash.demo.machine import FakeMachine
from portdash.errors import NoSuchService, PlanOutdated
from portdash.manager.allocate import allocate
from portdash.manager.apply import apply_plan
from portdash.manager.deps import Deps, Place
from portdash.manager.plans import plan_undo
from portdash.manager.pruning import kept, plans, prune, undo_hint, vanished
from portdash.manager.wishes import Wish
from portdash.model.workspace import Workspace
from portdash.planning.pruning import plan_prune

LOST = Workspace(name="lost", root="/home/dev/src/lost")


def at(deps: Deps, workspace: Workspace, environment: str = "development") -> Deps:
    return replace(deps, place=Place("here", "dev", workspace, environment))


@pytest.fixture
def world(deps: Deps, machine: FakeMachine) -> Deps:
    """The shop, and a workspace whose directory is gone, with ports in two environments."""
    allocate(deps, [Wish(name="web", base=7000)])
    allocate(at(deps, LOST), [Wish(name="web", base=7100), Wish(name="socket", inherit_from="web")])
    allocate(at(deps, LOST, "production"), [Wish(name="web", base=7200)])
    assert not machine.is_directory(LOST.root or "")
    return deps


def ports(deps: Deps) -> dict[str, int]:
    rows = deps.store.snapshot().assignments
    return {f"{key.workspace}/{key.service} {key.environment}": row.port for key, row in rows.items()}


def test_what_a_vanished_workspace_has_goes_in_one_batch_and_comes_back(world: Deps):
    before = ports(world)
    snapshot = world.observer.snapshot()
    ((workspace, plan),) = plans(world, snapshot)
    assert workspace.name == "lost"
    assert plan.title == "prune lost: 3 ports"
    assert {step.reason for step in plan.steps} == {"the directory of its workspace is gone"}
    prune(world, workspace, plan)
    after = world.store.snapshot()
    assert after.revision == snapshot.revision + 1
    assert ports(world) == {"shop/web development": 7000}
    assert {each.port for each in after.quarantines} == {7100, 7200}
    assert world.store.events(limit=1)[0].reason == "the directory of its workspace is gone"
    apply_plan(world, plan_undo(world, world.observer.snapshot()))
    assert ports(world) == before


def test_one_that_comes_back_meanwhile_keeps_its_ports(world: Deps, machine: FakeMachine):
    ((workspace, plan),) = plans(world, world.observer.snapshot())
    machine.hide_directory(LOST.root or "")
    with pytest.raises(PlanOutdated, match="lost is there again"):
        prune(world, workspace, plan)
    assert len(ports(world)) == 4


def test_one_that_is_out_of_sight_is_kept_and_said(world: Deps, machine: FakeMachine):
    machine.hide_directory(LOST.root or "")
    snapshot = world.observer.snapshot()
    assert vanished(snapshot) == ()
    assert [(each.workspace.name, each.why) for each in kept(world, snapshot)] == [
        ("lost", "its volume is not mounted")
    ]
    with pytest.raises(NoSuchService):
        plan_prune(snapshot, "lost", actor="test")


def test_a_server_that_still_runs_is_said_and_not_ended(world: Deps, listen: Listen, machine: FakeMachine):
    listen(7100, cwd=LOST.root or "", pid=555, name="web")
    ((workspace, plan),) = plans(world, world.observer.snapshot())
    assert plan.notices == ("lost/web still runs: web 555 on 7100 is not ended",)
    prune(world, workspace, plan)
    assert machine.process(555) is not None


def test_nothing_is_pruned_that_is_there_or_has_nothing(world: Deps):
    snapshot = world.observer.snapshot()
    for name in (SHOP.name, OTHER.name, "nowhere", "default"):
        with pytest.raises(NoSuchService):
            plan_prune(snapshot, name, actor="test")


def test_rows_of_another_user_stay(world: Deps):
    snapshot = replace(world.observer.snapshot(), user="somebody")
    assert vanished(snapshot) == ()


def test_how_it_is_taken_back_depends_on_the_environment(world: Deps):
    snapshot = world.observer.snapshot()
    ((_, plan),) = plans(world, snapshot)
    assert undo_hint(snapshot, [plan]) == "`portdash undo` takes that back"
    assert undo_hint(snapshot, [plan, plan]) == "`portdash undo` takes the last of them back"
    elsewhere = replace(
        plan, steps=tuple(step for step in plan.steps if step.key and step.key.environment != "development")
    )
    assert undo_hint(snapshot, [elsewhere]) == "`portdash --environment production undo` takes that back"
