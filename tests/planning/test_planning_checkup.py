"""What is worth knowing about a snapshot and about the machine."""

from dataclasses import replace

import pytest
from worlds import BLOG, LIMITS, SHOP, World, key, listener

from portdash.model.checkup import Check, Level, Resources
from portdash.model.listener import Container
from portdash.model.policy import Policy, PortLimits, TypeRange
from portdash.model.ports import PortRange
from portdash.model.project import Project
from portdash.planning.checkup import (
    conflict_checks,
    is_open,
    left_behind_checks,
    network_checks,
    port_checks,
    sight_checks,
)
from portdash.planning.system_checkup import size_text, system_checks

OK, WARN, FAIL = Level.OK, Level.WARN, Level.FAIL


def said(checks: object) -> list[tuple[Level, str]]:
    assert hasattr(checks, "__iter__")
    return [(each.level, each.text) for each in checks if isinstance(each, Check)]


def bad(checks: object) -> list[str]:
    return [text for level, text in said(checks) if level is not OK]


def test_ports_of_which_nothing_is_to_be_said():
    assert said(port_checks(World().has("web", 3000).snapshot())) == [
        (OK, "no range meets 32768-60999, which the system hands to outgoing connections"),
        (OK, "1 assigned port can be used"),
    ]


@pytest.mark.parametrize(
    ("port", "level", "words"),
    [
        (40000, WARN, "shop/web has 40000, which the system may hand to an outgoing connection first"),
        (81, FAIL, "shop/web has 81, which needs a privilege to bind"),
        (4321, WARN, "shop/web has 4321, which the system reserves"),
        (6000, WARN, "shop/web has 6000, which browsers refuse to talk to"),
        (7000, OK, "shop/web has 7000, where macOS has AirPlay: a colleague's Mac gets another"),
    ],
)
def test_ports_that_are_better_not_used(port: int, level: Level, words: str):
    found = {each.text: each for each in port_checks(World().has("web", port).snapshot())}
    assert found[words].level is level
    assert level is OK or "`portdash move web`" in (found[words].hint or "")


def test_a_port_that_a_service_asks_for_is_told_when_its_type_has_other_ones():
    world = World().has("hrm", 8085, type="ml", preferred=(8085,)).has("fast", 8301, type="ml", preferred=(8301,))
    world.has("voice", 8085, type="ml", inherit_from="hrm").has("spilt", 10001, type="ml", preferred=(8302,))
    assert said(port_checks(world.snapshot()))[1:] == [
        (OK, "shop/hrm has 8085, which it asks for, outside the range of type ml (8300-8309)"),
        (OK, "4 assigned ports can be used"),
    ]


def test_who_may_bind_low_ports_is_not_told_so():
    world = World(limits=replace(LIMITS, privileged=True)).has("web", 81)
    assert bad(port_checks(world.snapshot())) == []


def test_a_range_in_the_systems_own():
    policy = Policy(ranges=(TypeRange("high", PortRange(32000, 33000), "ml"),))
    (found,) = (each for each in port_checks(World(policy=policy).snapshot()) if each.level is WARN)
    assert found.text == "the range high 32000-33000 meets 32768-60999, for outgoing connections"
    assert found.hint == "end it below 32768; those ports are never given out"
    assert bad(port_checks(World(policy=policy, limits=PortLimits()).snapshot())) == []


def test_many_of_one_kind_are_counted():
    world = World()
    for number in range(12):
        world.has(f"web{number}", 40000 + number)
    found = bad(port_checks(world.snapshot()))
    assert len(found) == 9
    assert found[-1] == "and 4 more of that kind"


def test_conflicts_here_fail_and_elsewhere_warn():
    world = World().has("web", 3000).has("blog", 3001, "blog").listens(3000).listens(3001, cwd=SHOP.root)
    found = list(conflict_checks(world.snapshot()))
    assert [(each.level, each.text.split(":")[0]) for each in found] == [(FAIL, "web"), (WARN, "blog/blog")]
    assert found[0].hint == "`portdash resolve web --dry-run` shows the way out"
    assert said(conflict_checks(World().snapshot())) == [(OK, "no service is in conflict")]


def test_a_notice_is_a_warning():
    world = World().has("web", 9000, range=PortRange(3000, 3010))
    (found,) = conflict_checks(world.snapshot())
    assert (found.level, found.hint) == (WARN, None)
    assert "out_of_range" in found.text


def test_servers_of_ours_that_others_can_reach():
    world = World()
    for address in ("0.0.0.0", "::", "127.0.0.1"):
        world.listens(3000, address=address)
    world.listens(3001, address="192.168.1.7", user="her")
    world.listens(3002, address="127.0.0.53").listens(3003, address="::1")
    world.listens(3004, address="0.0.0.0", container=Container(id="c", name="db", engine="docker"))
    found = list(network_checks(world.snapshot()))
    assert [each.text for each in found] == [
        "node 4121 answers the whole network on 3000: 0.0.0.0 and ::",
        "db (docker) answers the whole network on 3004: 0.0.0.0",
    ]
    assert all(each.level is WARN for each in found)
    assert found[1].hint == "publish it as 127.0.0.1:3004:PORT, unless others are to reach it"
    assert said(network_checks(World().snapshot())) == [(OK, "none of your servers is open to the network")]


@pytest.mark.parametrize(
    ("address", "open_"),
    [
        ("0.0.0.0", True), ("::", True), ("*", True), ("", True), ("192.168.0.3", True), ("fe80::1%eth0", True),
        ("::ffff:10.0.0.1", True), ("127.0.0.1", False), ("127.9.9.9", False), ("::1", False),
        ("::ffff:127.0.0.1", False), ("localhost", False),
    ],
)  # fmt: skip
def test_open_addresses(address: str, open_: bool):
    assert is_open(address) is open_


def test_what_was_left_behind():
    world = World(vanished=frozenset({"blog"})).has("web", 3000).has("old", 3001, "blog").runs("web")
    dead = replace(world.leases[key("web")], key=key("api"))
    world.listeners.append(replace(listener(3005, project=Project(root=BLOG.root, name="blog")), orphan=True))
    world.listeners.append(replace(listener(22, name="sshd"), orphan=True))
    found = said(left_behind_checks(world.snapshot(), [*world.leases.values(), dead]))
    assert found == [
        (WARN, "the directory of blog is gone, which has 1 port"),
        (WARN, "node 4121 (blog) still listens on 3005, and what started it is gone"),
        (OK, "1 lease of programs that have ended: shop/api; they keep nothing from anybody"),
    ]
    assert [level for level, _ in said(left_behind_checks(World().snapshot(), []))] == [OK]


def test_what_cannot_be_seen():
    snapshot = replace(World().snapshot(), hidden_owners=3, notices=("docker does not answer",))
    assert bad(sight_checks(snapshot, why_hidden="because")) == [
        "who owns 3 listeners cannot be read: because",
        "docker does not answer",
    ]
    assert bad(sight_checks(World().snapshot(), why_hidden=None)) == []


def test_names_of_strangers_are_harmless():
    world = World().listens(3000, address="0.0.0.0", name="\x1b[31mnode")
    (found,) = network_checks(world.snapshot())
    assert found.text.isprintable()


GOOD = Resources(
    load=0.5,
    cores=2,
    own_files=(1024, 4096),
    system_files=(1000, 100_000),
    sockets=50,
    ephemeral=PortRange(32768, 60999),
    free_disk=10 * 1024**3,
    bind_seconds=0.00002,
    look_seconds=0.05,
)


def test_a_machine_with_room():
    assert bad(system_checks(GOOD)) == []
    assert len(said(system_checks(GOOD))) == 7
    assert said(system_checks(Resources())) == []


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"look_seconds": 2.0}, WARN, "takes 2000 ms"),
        ({"bind_seconds": 0.5}, WARN, "one port is free takes 500 ms"),
        ({"load": 9.0}, WARN, "load 9.00 on 2 cores"),
        ({"own_files": (64, 4096)}, WARN, "64 files open"),
        ({"own_files": (64, 64)}, WARN, "64 files open"),
        ({"system_files": (90_000, 100_000)}, WARN, "of 100000"),
        ({"sockets": 28_000}, WARN, "at most 28000 of 28232 ports"),
        ({"free_disk": 100 * 1024**2}, WARN, "100 MiB free"),
        ({"free_disk": 1024}, FAIL, "1 KiB free"),
    ],
)
def test_a_machine_that_is_full(changes: dict[str, object], level: Level, words: str):
    (found,) = (each for each in system_checks(replace(GOOD, **changes)) if each.level is not OK)
    assert found.level is level
    assert words in found.text
    assert found.hint


@pytest.mark.parametrize(("count", "text"), [(0, "0 KiB"), (5 * 1024**2, "5 MiB"), (3 * 1024**3 // 2, "1.5 GiB")])
def test_sizes(count: int, text: str):
    assert size_text(count) == text
