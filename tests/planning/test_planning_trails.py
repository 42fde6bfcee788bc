"""Each row says what was tried before it, whichever way it came about."""

from worlds import MINIMAL, World, ask, key

from portdash.model.assignment import Assignment, Reason, ServiceKey, Verdict
from portdash.model.plan import Plan, Strategy
from portdash.model.ports import PortRange
from portdash.planning.allocation import plan_allocate
from portdash.planning.moving import plan_move
from portdash.planning.requests import Placement


def plan(world: World, *batch: Placement, strategy: Strategy = MINIMAL) -> Plan:
    return plan_allocate(world.snapshot(), batch, strategy=strategy, actor="cli")


def row_of(made: Plan, service: ServiceKey) -> Assignment:
    return next(step.after for step in made.steps if step.key == service and step.after)


def test_the_trail_begins_with_why_the_old_port_was_left():
    made = plan(World().has("web", 3005), ask("web", exclude=frozenset({3005})))
    assert made.steps[0].after is not None
    assert made.steps[0].after.reasons[0] == Reason(3005, Verdict.EXCLUDED)
    made = plan(World().has("web", 3005), ask("web", range=PortRange(3010, 3019)))
    assert made.steps[0].after is not None
    assert made.steps[0].after.reasons == (Reason(3005, Verdict.LEFT_BEHIND), Reason(3010, Verdict.CHOSEN))
    assert made.steps[0].after.attempts == 2


def test_so_does_that_of_a_service_that_is_moved_on():
    world = World().has("web", 3000, range=PortRange(3000, 3009)).listens(3001)
    made = plan_move(world.snapshot(), key("web"), None, strategy=MINIMAL, actor="cli")
    assert row_of(made, key("web")).reasons == (
        Reason(3000, Verdict.LEFT_BEHIND),
        Reason(3001, Verdict.LISTENING, "node 4121"),
        Reason(3002, Verdict.CHOSEN),
    )


def test_a_port_that_others_made_room_on_has_the_trail_of_the_search_that_failed():
    world = World().listens(7000)
    world.has("a", 7001, range=PortRange(7001, 7002)).has("b", 7002, range=PortRange(7002, 7003))
    made = plan(world, ask("web", range=PortRange(7000, 7001)))
    web, middle = row_of(made, key("web")), row_of(made, key("a"))
    assert (web.port, web.attempts) == (7001, 2)
    assert web.reasons == (
        Reason(7000, Verdict.LISTENING, "node 4121"),
        Reason(7001, Verdict.ASSIGNED, "shop/a"),
        Reason(7001, Verdict.CHOSEN),
    )
    assert middle.reasons == (Reason(7002, Verdict.ASSIGNED, "shop/b"), Reason(7002, Verdict.CHOSEN))


def test_moving_on_to_where_room_is_made_keeps_the_trail():
    world = World().has("web", 7000, range=PortRange(7000, 7001)).has("api", 7001, base=7000)
    row = row_of(plan_move(world.snapshot(), key("web"), None, strategy=MINIMAL, actor="cli"), key("web"))
    assert [reason.verdict for reason in row.reasons] == [Verdict.LEFT_BEHIND, Verdict.ASSIGNED, Verdict.CHOSEN]
