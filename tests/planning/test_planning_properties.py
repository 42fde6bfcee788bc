"""Invariants of the planner over random worlds."""

import os
from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_worlds import placements, strategies, troubled_worlds, wishes, worlds
from worlds import AGGRESSIVE, CONSERVATIVE, MINIMAL, World, ask, key, result, slot

from portdash.errors import NoPortAvailable
from portdash.model.assignment import Assignment, ServiceKey, Source, Verdict
from portdash.model.plan import Action, Plan, Strategy
from portdash.planning.allocation import plan_allocate
from portdash.planning.candidates import search
from portdash.planning.moving import plan_move
from portdash.planning.occupancy import Occupancy
from portdash.planning.requests import Placement
from portdash.planning.resolution import plan_resolve
from portdash.planning.rules import static_refusal

SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
often = settings(max_examples=200 * SCALE, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def attempt(world: World, batch: list[Placement], strategy: Strategy) -> Plan | None:
    """The plan for a batch; None where it is refused outright or stuck."""
    try:
        plan = plan_allocate(world.snapshot(), batch, strategy=strategy, actor="test")
    except NoPortAvailable:
        return None
    return None if plan.is_stuck else plan


def after(world: World, plan: Plan) -> World:
    """The world once a plan is applied: those whom it ends listen no more."""
    ended = {(step.target.protocol, step.target.port, step.target.pid) for step in plan.steps if step.target}
    listeners = [each for each in world.listeners if (each.protocol, each.port, each.pid) not in ended]
    return replace(world, rows=result(world, plan), listeners=listeners, revision=world.revision + 1)


def check_consistent(rows: dict[ServiceKey, Assignment]) -> None:
    owners = [slot(row) for row in rows.values() if row.spec.inherit_from is None]
    assert len(owners) == len(set(owners)), "I1: two services have one port"
    for row in rows.values():
        if row.spec.inherit_from is not None:
            parent = rows[replace(row.key, service=row.spec.inherit_from.casefold())]
            assert (row.port, row.source) == (parent.port, Source.INHERITED), "I2: a child is not on its parent's port"


@often
@given(st.data(), worlds(), strategies)
def test_ports_are_unique_and_groups_stay_together(data: st.DataObject, world: World, strategy: Strategy):
    plan = attempt(world, data.draw(placements(world)), strategy)
    if plan is not None:
        check_consistent(result(world, plan))


@often
@given(st.data(), worlds(), strategies)
def test_a_chosen_port_breaks_no_rule(data: st.DataObject, world: World, strategy: Strategy):
    plan = attempt(world, data.draw(placements(world)), strategy)
    for step in plan.steps if plan else ():
        row = step.after
        if row and step.from_port != row.port and row.source is not Source.INHERITED:
            assert static_refusal(row.spec, row.port, world.policy, world.limits) is None
            if row.source not in (Source.OVERRIDE, Source.PREFERRED):
                assert row.spec.range is None or row.port in (
                    *row.spec.range,
                    *row.spec.preferred,
                    row.home,
                    step.before and step.before.home,
                )


@often
@given(st.data(), worlds(), strategies)
def test_nothing_is_released_but_what_has_vanished(data: st.DataObject, world: World, strategy: Strategy):
    plan = attempt(world, data.draw(placements(world)), strategy)
    for step in plan.steps if plan else ():
        assert step.action is not Action.RELEASE or (step.before and step.before.key.workspace in world.vanished)


@often
@given(st.data(), worlds(), strategies)
def test_the_same_question_gets_the_same_plan(data: st.DataObject, world: World, strategy: Strategy):
    batch = data.draw(placements(world))
    plan, again = attempt(world, batch, strategy), attempt(world, list(batch), strategy)
    assert (plan is None) == (again is None)
    assert plan is None or again is None or (plan.steps, plan.cost) == (again.steps, again.cost)


@often
@given(st.data(), worlds(), strategies)
def test_asking_again_changes_nothing(data: st.DataObject, world: World, strategy: Strategy):
    batch = data.draw(placements(world))
    plan = attempt(world, batch, strategy)
    assume(plan is not None)
    again = attempt(after(world, plan), batch, strategy)
    # A server that was moved on paper still sits on its old port: that is another state, and may be another plan.
    assume(not plan.cost.running_moved)
    assume(not any(step.before and step.before.home for step in plan.steps) and not plan.cost.moved)
    assert again is not None
    assert again.steps == ()


@often
@given(st.data(), worlds())
def test_conservative_changes_no_existing_row_and_ends_nobody(data: st.DataObject, world: World):
    batch = data.draw(placements(world))
    plan = attempt(world, batch, CONSERVATIVE)
    known = {placement.key for placement in batch}
    for step in plan.steps if plan else ():
        assert step.target is None
        assert step.before is None or (step.key in known and step.from_port == step.to_port)


@often
@given(st.data(), worlds())
def test_minimal_moves_others_only_when_the_claimant_has_no_free_candidate(data: st.DataObject, world: World):
    placement = ask("new", **data.draw(wishes()))
    plan = attempt(world, [placement], MINIMAL)
    options = search(world.snapshot(), placement).options
    if plan is None:
        assert not options
        return
    others = [step for step in plan.steps if step.key != placement.key]
    assert not any(step.target for step in plan.steps)
    if options:
        assert all(step.action is Action.RELEASE for step in others)
    else:
        assert plan.cost.moved >= 1


@often
@given(st.data(), worlds())
def test_aggressive_gives_the_first_choice_or_touches_nothing(data: st.DataObject, world: World):
    placement = ask("new", **data.draw(wishes()))
    try:
        plan = plan_allocate(world.snapshot(), [placement], strategy=AGGRESSIVE, actor="test")
    except NoPortAvailable:
        return
    if plan.is_stuck:
        assert plan.steps == ()
        return
    choices = [
        port
        for port in placement.spec.preferred
        if static_refusal(placement.spec, port, world.policy, world.limits) is None
    ]
    if choices:
        assert result(world, plan)[placement.key].port == choices[0]


@often
@given(st.data(), worlds(), strategies)
def test_nobody_displaces_the_pinned_or_the_more_important(data: st.DataObject, world: World, strategy: Strategy):
    placement = ask("new", **data.draw(wishes()))
    plan = attempt(world, [placement], strategy)
    rank = placement.spec.priority or 3
    for step in plan.steps if plan else ():
        if step.action is Action.MOVE and step.before:
            group = [
                row
                for row in world.rows.values()
                if (row.port, row.key.workspace) == (step.from_port, step.before.key.workspace)
            ]
            assert not any(row.spec.pin for row in group)
            assert all((row.spec.priority or 3) >= rank for row in group)
            assert world.policy.trusted or step.before.key.workspace == "shop"
            assert step.after.home == (step.before.home or step.before.port) or step.after.home is None


@often
@given(worlds(), st.data())
def test_a_search_takes_what_another_prefers_only_when_nothing_else_is_left(world: World, data: st.DataObject):
    placement = ask("new", **data.draw(wishes()))
    found = search(world.snapshot(), placement)
    if found.options and found.last_verdict in (Verdict.PREFERRED_BY, Verdict.QUARANTINED):
        tried = {reason.port: reason.verdict for reason in found.reasons}
        assert all(verdict not in (None, Verdict.CHOSEN) for verdict in tried.values())
        assert set(placement.spec.range) <= set(tried)


@often
@given(worlds(), strategies)
def test_resolving_all_keeps_the_store_consistent_and_never_makes_it_worse(world: World, strategy: Strategy):
    before = world.snapshot()
    plan = plan_resolve(before, None, strategy=strategy, actor="test")
    if plan.is_stuck:
        assert plan.unresolved
        return
    then = after(world, plan)
    check_consistent(then.rows)
    if strategy is CONSERVATIVE:
        assert plan.steps == ()
    if not plan.cost.running_moved:
        kinds = [each for each in then.snapshot().conflicts if not each.kind.is_notice]
        assert len(kinds) <= len([each for each in before.conflicts if not each.kind.is_notice])


@often
@given(troubled_worlds(), strategies)
def test_a_plan_for_all_says_of_each_conflict_what_becomes_of_it_or_why_it_stays(world: World, strategy: Strategy):
    snapshot = world.snapshot()
    plan = plan_resolve(snapshot, None, strategy=strategy, actor="test")
    occupancy = Occupancy(snapshot, ())
    for view in snapshot.services:
        if all(each.kind.is_notice for each in view.conflicts):
            continue
        group = {view.key, *occupancy.group(occupancy.root(view.key)).members}
        is_touched = any(step.key in group for step in plan.steps)
        is_freed = any(view.port in (step.from_port, step.target and step.target.port) for step in plan.steps)
        is_told = any(occupancy.label(each) in left.text for each in group for left in plan.unresolved)
        assert is_touched or is_freed or is_told, view


@often
@given(worlds(), strategies, st.data())
def test_a_move_ends_on_the_named_port_or_is_stuck(world: World, strategy: Strategy, data: st.DataObject):
    movable = [row for row in world.rows.values() if row.spec.inherit_from is None]
    assume(movable)
    row = data.draw(st.sampled_from(movable))
    to = data.draw(st.integers(5000, 5009))
    plan = plan_move(world.snapshot(), row.key, to, strategy=strategy, actor="test")
    if plan.is_stuck:
        assert plan.steps == ()
    else:
        rows = result(world, plan)
        assert rows[row.key].port == to
        check_consistent(rows)


def test_the_builder_checks_what_it_is_for():
    world = World().has("a", 5000).has("b", 5001)
    plan = plan_move(world.snapshot(), key("a"), 5001, strategy=AGGRESSIVE, actor="test")
    assert {row.name: row.port for row in result(world, plan).values()} == {"a": 5001, "b": 4000}
