import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import World

from portdash.model.policy import Policy, PortLimits, TypeRange
from portdash.model.ports import IpProtocol, PortRange
from portdash.model.utilisation import Utilisation
from portdash.planning.utilisation import SEQUENCE, utilisation
from portdash.report.ranges import notices, range_json, row

PLAIN = PortLimits()
GATEWAY = TypeRange("api-gateway", PortRange(8000, 8099), "gateway", 2)


def use_of(world: World, name: str = "api-gateway") -> Utilisation:
    return next(use for use in utilisation(world.snapshot()) if use.name == name)


def world(*ranges: TypeRange, limits: PortLimits = PLAIN, **policy: object) -> World:
    return World(policy=Policy(ranges=ranges or (GATEWAY,), **policy), limits=limits)


def test_five_of_a_hundred_are_five_percent():
    found = world()
    for number in range(4):
        found.has(f"s{number}", 8000 + number)
    use = use_of(found.has("elsewhere", 8050, "blog").has("other", 7999))
    assert (use.total, use.assigned, use.listening, use.used, use.unusable, use.free) == (100, 5, 0, 5, 0, 95)
    assert use.percent == 5.0
    assert row(use) == ("api-gateway", "gateway", "2", "8000-8099", "5", "5", "0", "0", "95", "5.0")


def test_a_port_counts_once_whoever_has_it():
    found = world().has("web", 8000).listens(8000).listens(8000, address="::1").listens(8099)
    found.has("dns", 8000, protocol=IpProtocol.UDP).listens(8001, protocol=IpProtocol.UDP)
    use = use_of(found)
    assert (use.assigned, use.listening, use.used) == (1, 3, 3)


def test_the_sequential_search_comes_last():
    *_, last = utilisation(world(base_port=4500).has("web", 4500).snapshot())
    assert (last.name, last.type, last.ports, last.assigned) == (SEQUENCE, None, PortRange(4500, 5499), 1)
    assert range_json(last)["type"] is None


def test_what_can_never_be_had_is_not_free():
    limits = PortLimits(reserved=frozenset({8000, 8001, 9000}))
    use = use_of(world(limits=limits, bounds=PortRange(8000, 8089)).has("web", 8001))
    assert (use.used, use.unusable, use.free) == (1, 11, 88)
    assert use.reserved == (8000, 8001)


def test_ports_that_browsers_refuse_are_lost_to_those_they_talk_to():
    cache = TypeRange("cache", PortRange(6665, 6669), "cache", 1)
    web = TypeRange("web", PortRange(6665, 6669), "web", 1)
    assert use_of(world(cache), "cache").free == 5
    assert use_of(world(web), "web").free == 0


def test_overlap_with_the_system_is_noticed():
    limits = PortLimits(ephemeral=PortRange(8090, 60999), reserved=frozenset(range(8000, 8008)))
    uses = utilisation(world(limits=limits).snapshot())
    assert uses[0].ephemeral == PortRange(8090, 8099)
    assert range_json(uses[0])["ephemeral"] == [8090, 8099]
    assert list(notices(uses[:1])) == [
        "api-gateway (8000-8099): the system also hands out 8090-8099 to outgoing connections, so none of it is given",
        "api-gateway (8000-8099): the system reserves 8000, 8001, 8002, 8003, 8004 and 3 more",
    ]
    assert list(notices(utilisation(world().snapshot()))) == []


def test_a_full_range_is_noticed():
    tiny = TypeRange("tiny", PortRange(7000, 7001), "tiny")
    use = use_of(world(tiny).has("a", 7000).listens(7001), "tiny")
    assert (use.free, use.percent) == (0, 100.0)
    assert list(notices([use])) == ["tiny (7000-7001) is full: 2 ports in use, 0 that cannot be given"]


@given(
    assigned=st.sets(st.integers(3990, 4020), max_size=20),
    listening=st.sets(st.integers(3990, 4020), max_size=20),
    reserved=st.frozensets(st.integers(3990, 4020), max_size=20),
)
def test_every_port_is_used_unusable_or_free(assigned: set[int], listening: set[int], reserved: frozenset[int]):
    found = world(TypeRange("r", PortRange(4000, 4010), "r"), limits=PortLimits(reserved=reserved))
    for port in assigned:
        found.has(f"s{port}", port)
    for port in listening:
        found.listens(port)
    use = use_of(found, "r")
    within = set(range(4000, 4011))
    assert use.used == len((assigned | listening) & within)
    assert use.free == len(within - assigned - listening - reserved)
    assert use.used + use.unusable + use.free == use.total


def test_foreign_names_are_shown_clean():
    odd = TypeRange("a\x1b]0;x\x07|b", PortRange(7000, 7001), "t\u202e|")
    use = use_of(world(odd, limits=PortLimits(reserved=frozenset({7000}))), odd.name)
    said = [*row(use), *notices([use]), str(range_json(use)["name"]), str(range_json(use)["type"])]
    assert all(text.isprintable() for text in said)


@pytest.mark.parametrize(("used", "total", "percent"), [(1, 3, 33.3), (2, 3, 66.7), (0, 7, 0.0)])
def test_percent_has_one_decimal(used: int, total: int, percent: float):
    found = world(TypeRange("r", PortRange(7000, 6999 + total), "r"))
    for number in range(used):
        found.has(f"s{number}", 7000 + number)
    assert use_of(found, "r").percent == percent
