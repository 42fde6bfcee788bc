from dataclasses import replace

import pytest
from worlds import LIMITS, MINIMAL, World, ask, key

from portdash.errors import NoPortAvailable
from portdash.model.assignment import Assignment, Reason, Source, Verdict
from portdash.model.listener import Container
from portdash.model.policy import Policy
from portdash.model.ports import IpProtocol, PortRange
from portdash.planning.allocation import plan_allocate
from portdash.planning.candidates import next_available, search


def first(world: World, **wishes: object) -> Assignment:
    return search(world.snapshot(), ask("new", **wishes)).options[0]


@pytest.mark.parametrize(
    ("wishes", "port", "source"),
    [
        ({}, 4000, Source.SEQUENTIAL),
        ({"type": "web"}, 3000, Source.SEQUENTIAL),
        ({"type": "legacy"}, 10000, Source.SEQUENTIAL),
        ({"type": "legacy", "base": 7000}, 7000, Source.PREFERRED),
        ({"preferred": (7000, 7001)}, 7000, Source.PREFERRED),
        ({"base": 7000}, 7000, Source.PREFERRED),
        ({"range": PortRange(7000, 7005)}, 7000, Source.SEQUENTIAL),
        ({"range": PortRange(7000, 7005), "base": 7003}, 7003, Source.PREFERRED),
        ({"type": "web", "preferred": (8080,)}, 8080, Source.PREFERRED),
        ({"preferred": (80, 7001)}, 7001, Source.FALLBACK),
        ({"preferred": (80,), "base": 7000}, 7000, Source.FALLBACK),
        ({"override": "7070", "preferred": (7000,)}, 7070, Source.OVERRIDE),
    ],
)
def test_the_order_of_the_search(wishes: dict[str, object], port: int, source: Source):
    option = first(World(), **wishes)
    assert (option.port, option.source) == (port, source)


def refused(world: World, port: int, **wishes: object) -> Verdict | None:
    reasons = search(world.snapshot(), ask("new", preferred=(port,), **wishes)).reasons
    return next((each.verdict for each in reasons if each.port == port), None)


@pytest.mark.parametrize(
    ("world", "wishes", "port", "verdict"),
    [
        (World().has("api", 7000), {}, 7000, Verdict.ASSIGNED),
        (World().has("api", 7000, "blog"), {}, 7000, Verdict.ASSIGNED),
        (World().has("api", 7000, environment="test"), {}, 7000, Verdict.ASSIGNED),
        (World().listens(7000), {}, 7000, Verdict.LISTENING),
        (World().listens(7000, address="::1"), {}, 7000, Verdict.LISTENING),
        (World().listens(7000, protocol=IpProtocol.UDP), {}, 7000, None),
        (World().has("dns", 7000, protocol=IpProtocol.UDP), {}, 7000, None),
        (World(bound={(IpProtocol.TCP, 7000): "EADDRINUSE"}), {}, 7000, Verdict.BOUND),
        (World(reserved={(IpProtocol.TCP, 7000)}), {}, 7000, Verdict.RESERVED),
        (World(), {"exclude": frozenset({7000})}, 7000, Verdict.EXCLUDED),
        (World(), {}, 4321, Verdict.OS_RESERVED),
        (World(), {}, 40000, Verdict.EPHEMERAL),
        (World(), {}, 443, Verdict.PRIVILEGED),
        (World(limits=replace(LIMITS, privileged=True)), {}, 443, None),
        (World(), {"type": "web"}, 6000, Verdict.BROWSER_BLOCKED),
        (World(), {"type": "database"}, 6000, None),
        (World(policy=Policy(bounds=PortRange(5000, 6000))), {}, 7000, Verdict.OUT_OF_RANGE),
        (World(quarantined={(IpProtocol.TCP, 7000): "api"}), {}, 7000, Verdict.QUARANTINED),
        (World(quarantined={(IpProtocol.TCP, 7000): "new"}), {}, 7000, None),
        (World(vanished=frozenset({"blog"})).has("api", 7000, "blog"), {}, 7000, Verdict.VANISHED),
        (World().has("dns", 7000, protocol=IpProtocol.UDP), {"conflicts_with": ("dns",)}, 7000, Verdict.MUTUAL),
    ],
)
def test_what_is_skipped_and_why(world: World, wishes: dict[str, object], port: int, verdict: Verdict | None):
    assert refused(world, port, **wishes) is verdict


def test_a_port_that_another_prefers_is_left_to_it_in_a_search_but_not_where_it_is_asked_for():
    world = World().has("api", 7000, preferred=(4000, 4001))
    assert first(world).port == 4002
    assert first(world, preferred=(4000,)).port == 4000


def test_a_preferred_port_is_taken_when_nothing_else_is_left():
    world = World().has("api", 7000, preferred=(5000,))
    option = first(world, range=PortRange(5000, 5000))
    assert (option.port, option.attempts) == (5000, 1)
    assert [each.verdict for each in option.reasons] == [Verdict.PREFERRED_BY, Verdict.CHOSEN]


@pytest.mark.parametrize(
    ("container", "is_left"),
    [
        (Container(id="1", name="old", running=False), True),
        (Container(id="1", name="db-1", compose_project="blog", running=False), True),
        (Container(id="1", name="db-1", compose_project="shop", running=False), False),
        (Container(id="1", name="db-1", compose_project="x", directory="/home/me/src/shop/x", running=False), False),
        (Container(id="1", name="db-1", compose_project="shop", directory="/home/me/src/blog", running=False), True),
    ],
)
def test_the_port_of_a_stopped_container_is_left_to_it_unless_it_is_of_the_same_project(
    container: Container, *, is_left: bool
):
    world = World(published={(IpProtocol.TCP, 4000): container})
    found = first(world)
    assert found.port == (4001 if is_left else 4000)
    if is_left:
        assert found.reasons[0] == Reason(4000, Verdict.CONTAINER, container.label)


def test_the_port_of_a_stopped_container_is_taken_where_it_is_asked_for_and_when_nothing_else_is_left():
    world = World(published={(IpProtocol.TCP, 4000): Container(id="1", name="old", running=False)})
    assert first(world, preferred=(4000,)).port == 4000
    assert first(world, range=PortRange(4000, 4000)).port == 4000
    assert first(world, range=PortRange(4000, 4000), protocol=IpProtocol.UDP).port == 4000
    assert search(world.snapshot(), ask("new", range=PortRange(4000, 4000))).last_verdict is Verdict.CONTAINER


def test_a_declared_service_counts_as_known():
    assert first(World().declares("api", preferred=(4000,))).port == 4001


def test_the_home_of_a_displaced_service_is_left_to_it():
    assert first(World().has("api", 7000, home=4000)).port == 4001


def test_ports_of_vanished_workspaces_come_after_quarantined_ones():
    world = World(vanished=frozenset({"blog"}), quarantined={(IpProtocol.TCP, 5001): "x"}).has("api", 5000, "blog")
    ordered = search(world.snapshot(), ask("new", range=PortRange(5000, 5001)))
    assert [each.port for each in ordered.options] == [5001]
    only = search(world.snapshot(), ask("new", range=PortRange(5000, 5000)))
    assert [each.port for each in only.options] == [5000]
    assert only.last_verdict is Verdict.VANISHED


def test_every_option_has_its_own_trail_and_number_of_attempts():
    world = World().has("api", 5000).listens(5002)
    found = search(world.snapshot(), ask("new", base=5000))
    assert [(each.port, each.attempts) for each in found.options[:2]] == [(5001, 2), (5003, 4)]
    assert [(each.port, each.verdict) for each in found.options[1].reasons] == [
        (5000, Verdict.ASSIGNED),
        (5001, Verdict.ASSIGNED),
        (5002, Verdict.LISTENING),
        (5003, Verdict.CHOSEN),
    ]
    assert found.options[1].reasons[0].holder == "shop/api"
    assert found.attempts == 2
    assert len(found.options) == 64


def test_a_long_trail_is_cut_and_ends_with_the_choice():
    world = World()
    for port in range(5000, 5090):
        world.listens(port)
    option = first(world, base=5000)
    assert option.attempts == 91
    assert len(option.reasons) == 64
    assert option.reasons[-1].verdict is Verdict.CHOSEN


def test_an_exhausted_range_says_so_in_the_words_of_the_contract():
    world = World()
    for port in range(5000, 5101):
        world.listens(port)
    with pytest.raises(NoPortAvailable) as caught:
        plan_allocate(world.snapshot(), [ask("web", base=5000)], strategy=MINIMAL, actor="cli")
    assert caught.value.message == (
        "[web] No available ports found in range 5000-5100 after 101 attempts. "
        "Consider expanding the port range or checking for port conflicts."
    )
    assert len(caught.value.reasons) == 101


def test_a_type_overflows_into_the_pool_and_a_range_of_its_own_does_not():
    world = World()
    for port in range(8300, 8310):
        world.listens(port)
    assert first(world, type="ml").port == 10000
    assert search(world.snapshot(), ask("new", type="ml", range=PortRange(8300, 8309))).options == ()


def test_the_next_port_is_that_of_a_service_without_wishes():
    assert next_available(World().has("a", 4000).listens(4001).snapshot()) == 4002


def test_search_begins_with_the_port_a_service_has():
    found = search(World().has("web", 4005, type="web").snapshot(), ask("web", type="web"))
    assert [each.port for each in found.options[:2]] == [4005, 3000]


def test_a_service_in_two_protocols_needs_both_free():
    world = World().has("api", 4000, preferred=(4000,)).has("quic", 4000, protocol=IpProtocol.UDP, inherit_from="api")
    world.listens(4000).listens(4001, protocol=IpProtocol.UDP)
    plan = plan_allocate(world.snapshot(), [ask("api", preferred=(4000,))], strategy=MINIMAL, actor="cli")
    assert [(step.key.protocol, step.to_port) for step in plan.steps if step.key] == [("tcp", 4002), ("udp", 4002)]
    assert plan.steps[0].before == world.rows[key("api")]
