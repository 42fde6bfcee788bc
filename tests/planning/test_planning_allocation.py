import pytest
from worlds import CONSERVATIVE, MINIMAL, SHOP, World, actions, ask, key, ports

from portdash.errors import InvalidPort, NoPortAvailable, NoSuchService, UsageError
from portdash.model.assignment import Source, Verdict
from portdash.model.plan import Cost, Plan, Strategy
from portdash.model.policy import Policy
from portdash.model.ports import IpProtocol, PortRange
from portdash.planning.allocation import plan_allocate
from portdash.planning.requests import Placement

HERE = SHOP.root


def plan(world: World, *batch: Placement, strategy: Strategy = MINIMAL) -> Plan:
    return plan_allocate(world.snapshot(), batch, strategy=strategy, actor="cli")


def texts(made: Plan) -> list[str]:
    return [left.text for left in made.unresolved if left.asked]


# A new service


def test_a_new_service_gets_its_first_choice():
    made = plan(World(), ask("web", preferred=(3000, 3001)))
    assert actions(made) == ["assign web 3000"]
    row = made.steps[0].after
    assert row is not None
    assert (row.source, row.attempts, row.actor, row.assigned_at) == (Source.PREFERRED, 1, "cli", 1_000_000.0)
    assert [(each.port, each.verdict) for each in row.reasons] == [(3000, Verdict.CHOSEN)]
    assert (made.title, made.workspace, made.revision, made.cost) == ("allocate web", "shop", 0, Cost())


def test_what_stands_in_the_way_is_named_in_step_and_trail():
    made = plan(World().listens(3000, via="claude"), ask("web", preferred=(3000, 3001)))
    assert made.steps[0].reason == "3000 is listening: node 4121 (claude)"
    assert made.steps[0].after is not None
    assert made.steps[0].after.source is Source.FALLBACK


def test_a_type_without_a_range_has_the_pool_and_is_said_once():
    world = World()
    made = plan(world, ask("old", type="legacy"))
    assert ports(world, made) == {"shop/old": 10000}
    (notice,) = made.notices
    assert notice.startswith("old: no range is set aside for the type legacy, which leaves the dynamic pool")
    assert "database, dynamic, ml and web" in notice
    assert "did you mean database?" in plan(world, ask("db", type="databaze")).notices[0]
    assert plan(World().has("old", 10000, type="legacy"), ask("old", type="legacy")).notices == ()
    assert plan(world, ask("old", type="legacy", base=7000)).notices == ()


def test_a_preferred_port_outside_the_range_of_its_type_is_honoured_and_said():
    made = plan(World(), ask("web", type="web", preferred=(8080,)))
    assert actions(made) == ["assign web 8080"]
    assert made.notices == ("web prefers 8080, which lies outside the range of type web (3000-3099)",)


def test_a_batch_is_served_by_priority_then_as_it_was_asked():
    wish = {"preferred": (3000,), "base": 3000}
    made = plan(World(), ask("a", **wish), ask("c", **wish), ask("b", priority=1, **wish))
    assert actions(made) == ["assign b 3000", "assign a 3001", "assign c 3002"]
    assert made.title == "allocate a, c and b"
    made = plan(World(), ask("c", **wish), ask("a", **wish), ask("d", inherit_from="a"), ask("b", **wish))
    assert actions(made) == ["assign c 3000", "assign a 3001", "assign b 3002", "assign d 3001"]


def test_one_of_a_batch_does_not_fall_back_on_what_another_of_it_prefers():
    made = plan(World(), ask("a"), ask("b", preferred=(4000,)))
    assert ports(World(), made) == {"shop/a": 4001, "shop/b": 4000}


def test_a_batch_is_all_or_nothing():
    narrow = ask("z", range=PortRange(3000, 3000))
    with pytest.raises(NoPortAvailable):
        plan(World().listens(3000), ask("a"), narrow)
    with pytest.raises(UsageError, match="asked for twice"):
        plan(World(), ask("a"), ask("A"))


def test_a_port_of_a_vanished_workspace_is_released_in_the_same_plan_but_not_by_conservative():
    world = World(vanished=frozenset({"blog"})).has("old", 3000, "blog")
    made = plan(world, ask("web", range=PortRange(3000, 3000)))
    assert actions(made) == ["release old 3000", "assign web 3000"]
    with pytest.raises(NoPortAvailable, match="vanished"):
        plan(world, ask("web", range=PortRange(3000, 3000)), strategy=CONSERVATIVE)


# The port it has


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("cwd", [None, HERE])
def test_the_same_request_changes_nothing(strategy: Strategy, cwd: str | None):
    world = World().has("web", 3005, preferred=(3000,))
    if cwd:
        world.listens(3005, cwd=cwd)
    assert plan(world, ask("web", preferred=(3000,)), strategy=strategy).steps == ()


def test_a_changed_wish_is_recorded_and_the_port_stays():
    world = World().has("web", 3005, preferred=(3000,))
    made = plan(world, ask("web", preferred=(3001,), purpose="site"))
    assert actions(made) == ["update web 3005 3005"]
    assert made.steps[0].after is not None
    assert made.steps[0].after.assigned_at == 1.0
    assert made.steps[0].before == world.rows[key("web")]


def test_a_new_limit_that_rules_the_port_out_moves_it_unless_it_runs():
    world = World().has("web", 3005)
    assert actions(plan(world, ask("web", range=PortRange(3010, 3019)))) == ["move web 3005 3010"]
    assert actions(plan(world, ask("web", exclude=frozenset({3005})))) == ["move web 3005 4000"]
    world.runs("web")
    made = plan(world, ask("web", range=PortRange(3010, 3019)))
    assert actions(made) == ["update web 3005 3005"]
    assert made.notices == ("web keeps 3005 while it runs there, outside 3010-3019: `portdash move web` moves it",)


def test_a_range_of_the_type_that_was_shifted_moves_nobody():
    world = World().has("web", 5555, type="web")
    assert plan(world, ask("web", type="web")).steps == ()


def test_a_service_held_off_by_a_stranger_moves_itself_and_keeps_its_home():
    world = World().has("web", 3000, preferred=(3000,), base=3000).listens(3000).has("kid", 3000, inherit_from="web")
    made = plan(world, ask("web", preferred=(3000,), base=3000))
    assert actions(made) == ["move web 3000 3001", "move kid 3000 3001"]
    assert made.steps[0].after is not None
    assert (made.steps[0].after.home, made.steps[0].after.source) == (3000, Source.FALLBACK)
    assert made.cost == Cost(moved=1, lost=1)
    assert made.steps[0].reason == "node 4121 holds 3000"


def test_the_first_home_is_kept_over_several_moves():
    world = World().has("web", 3001, home=3000, base=3000).listens(3000).listens(3001)
    made = plan(world, ask("web", base=3000))
    assert made.steps[0].after is not None
    assert (made.steps[0].to_port, made.steps[0].after.home) == (3002, 3000)


def test_conservative_leaves_it_there_and_names_the_holder():
    made = plan(World().has("web", 3000).listens(3000), ask("web"), strategy=CONSERVATIVE)
    assert made.steps == ()
    assert texts(made) == ["shop/web stays on 3000 though node 4121 holds 3000"]


@pytest.mark.parametrize(
    ("placement", "text"),
    [
        (ask("web", exclude=frozenset({3000})), "shop/web stays on 3000, which it no longer asks for"),
        (ask("web", range=PortRange(3010, 3019)), "shop/web stays on 3000, which it no longer asks for"),
        (ask("web", override="3500"), "shop/web stays on 3000 though PORT says 3500"),
        (ask("web", inherit_from="api"), "shop/web stays on 3000 though it inherits 3001 of api"),
        (ask("kid"), "shop/kid stays on 3001, which it no longer asks for"),
    ],
)
def test_conservative_moves_no_service_that_asks_for_something_else(placement: Placement, text: str):
    world = World().has("web", 3000).has("api", 3001).has("kid", 3001, inherit_from="api")
    made = plan(world, placement, strategy=CONSERVATIVE)
    assert (made.steps, texts(made)) == ((), [text])


def test_conservative_keeps_the_port_that_a_variable_gave_when_the_variable_is_gone():
    world = World().has("web", 3500, source=Source.OVERRIDE, home=3000)
    assert plan(world, ask("web"), strategy=CONSERVATIVE).steps == ()
    assert actions(plan(world, ask("web"))) == ["move web 3500 3000"]


def test_a_pinned_service_does_not_step_aside():
    made = plan(World().has("web", 3000, pin=True).listens(3000), ask("web", pin=True))
    assert texts(made) == ["shop/web is pinned to 3000, and node 4121 holds 3000"]


def test_going_home():
    world = World().has("web", 3001, home=3000, preferred=(3000,))
    made = plan(world, ask("web", preferred=(3000,)))
    assert actions(made) == ["move web 3001 3000"]
    assert made.notices == ("web returns from 3001 to 3000, which is free again",)
    assert made.steps[0].after is not None
    assert (made.steps[0].after.home, made.steps[0].after.source) == (None, Source.PREFERRED)


@pytest.mark.parametrize(
    "world",
    [
        World().has("web", 3001, home=3000).runs("web"),
        World().has("web", 3001, home=3000).listens(3000),
        World().has("web", 3001, home=3000).has("api", 3000),
        World(policy=Policy(return_home=False)).has("web", 3001, home=3000),
    ],
)
def test_staying_away(world: World):
    assert plan(world, ask("web")).steps == ()


def test_going_home_to_a_server_that_never_left():
    world = World().has("web", 3001, home=3000).runs("web", port=3000)
    assert actions(plan(world, ask("web"))) == ["move web 3001 3000"]


# A variable


def test_a_variable_decides_and_is_not_sticky():
    world = World().has("web", 3000, preferred=(3000,))
    made = plan(world, ask("web", override="5005", preferred=(3000,)))
    assert actions(made) == ["move web 3000 5005"]
    row = made.steps[0].after
    assert row is not None
    assert (row.source, row.home, made.steps[0].reason) == (Source.OVERRIDE, 3000, "PORT says so")
    overridden = World().has("web", 5005, source=Source.OVERRIDE, home=3000, preferred=(3000,))
    assert plan(overridden, ask("web", override="5005", preferred=(3000,))).steps == ()
    back = plan(overridden, ask("web", preferred=(3000,)))
    assert actions(back) == ["move web 5005 3000"]
    other = plan(overridden, ask("web", override="5006", preferred=(3000,)))
    assert other.steps[0].after is not None
    assert (other.steps[0].to_port, other.steps[0].after.home) == (5006, 3000)


def test_without_its_variable_a_service_that_never_had_another_port_is_searched_one():
    world = World().has("web", 5005, source=Source.OVERRIDE, preferred=(3000,))
    assert actions(plan(world, ask("web", preferred=(3000,)))) == ["move web 5005 3000"]


@pytest.mark.parametrize(
    ("value", "notice"),
    [
        ("abc", "PORT=abc is not a port; the search went on"),
        ("tcp://10.0.0.1:6379", "PORT=tcp://10.0.0.1:6379 is not a port; the search went on"),
        ("70000", "PORT=70000 is not a port; the search went on"),
        ("5005", "PORT=5005 is taken by node 4121; the search went on"),
        ("80", "PORT=80 cannot be used: it is privileged; the search went on"),
        ("\x1b[31m", "PORT=\\x1b[31m is not a port; the search went on"),
    ],
)
def test_a_useless_variable_is_named_and_the_search_goes_on(value: str, notice: str):
    world = World().listens(5005)
    made = plan(world, ask("web", override=value, preferred=(3000,)))
    assert made.notices == (notice,)
    assert actions(made) == ["assign web 3000"]
    row = made.steps[0].after
    assert row is not None
    assert (row.source, len(row.reasons)) == (Source.PREFERRED, 2)
    error = NoPortAvailable if value in ("5005", "80") else InvalidPort
    with pytest.raises(error) as caught:
        plan(world, ask("web", override=value, strict=True))
    assert caught.value.message in notice


# Inheriting


@pytest.mark.parametrize("children", [("ws",), ("ws", "sub")])
def test_a_parent_that_is_placed_with_its_children_has_no_second_choice(children: tuple[str, ...]):
    above = dict(zip(children, ("api", "ws"), strict=False))
    made = plan(World(), ask("api", base=8000), *(ask(each, inherit_from=above[each]) for each in children))
    assert [len(step.options) for step in made.steps] == [1] * (1 + len(children))
    assert len(plan(World(), ask("api", base=8000)).steps[0].options) > 1


def test_a_child_shares_its_parents_port_and_nothing_else():
    world = World().has("api", 8000)
    made = plan(world, ask("ws", inherit_from="API", preferred=(9000,)))
    assert made.steps[0].after is not None
    assert (made.steps[0].to_port, made.steps[0].after.source) == (8000, Source.INHERITED)
    both = plan(World(), ask("ws", inherit_from="api"), ask("api", preferred=(8000,)), ask("sub", inherit_from="ws"))
    assert actions(both) == ["assign api 8000", "assign ws 8000", "assign sub 8000"]
    with pytest.raises(NoSuchService, match="api, which has none"):
        plan(World(), ask("ws", inherit_from="api"))
    with pytest.raises(NoSuchService):
        plan(World().declares("api"), ask("ws", inherit_from="api"))


def test_circles_and_contradictions_are_refused():
    with pytest.raises(UsageError, match="a -> b -> a"):
        plan(World(), ask("a", inherit_from="b"), ask("b", inherit_from="a"))
    with pytest.raises(UsageError, match="circle"):
        plan(World().has("b", 8000, inherit_from="a"), ask("a", inherit_from="b"))
    with pytest.raises(UsageError, match="must not share"):
        plan(World().has("api", 8000), ask("ws", inherit_from="api", conflicts_with=("api",)))


def test_a_service_that_begins_or_ceases_to_share():
    world = World().has("api", 8000, base=8000).has("ws", 9000)
    assert actions(plan(world, ask("ws", inherit_from="api"))) == ["move ws 9000 8000"]
    shared = World().has("api", 8000, base=8000).has("ws", 8000, inherit_from="api")
    made = plan(shared, ask("ws", base=8000), ask("api", base=8000))
    assert actions(made) == ["move ws 8000 8001"]


def test_a_child_in_the_other_protocol_needs_that_port_too():
    world = World().has("api", 8000).listens(8000, protocol=IpProtocol.UDP)
    with pytest.raises(NoPortAvailable, match="8000/udp"):
        plan(world, ask("quic", inherit_from="api", protocol=IpProtocol.UDP))


def test_a_childs_variable_that_says_otherwise_is_passed_over():
    made = plan(World().has("api", 8000), ask("ws", inherit_from="api", override="9000"))
    assert made.notices == ("ws: PORT=9000 is not 8000, the port it inherits; it keeps sharing 8000",)
    with pytest.raises(UsageError):
        plan(World().has("api", 8000), ask("ws", inherit_from="api", override="9000", strict=True))
    assert plan(World().has("api", 8000), ask("ws", inherit_from="api", override="8000")).notices == ()
