"""Who answers on the ports of services, and what is to be known about one port."""

from dataclasses import replace

import pytest
from worlds import BLOG, NOW, World, key, listener

from portdash.model.assignment import Lease
from portdash.model.ports import IpProtocol
from portdash.planning.port_facts import holder_on, meets, port_facts
from portdash.planning.verifying import Answer, Verified, verify

TCP = IpProtocol.TCP


def answers(world: World, *, workspace: str | None = "shop") -> dict[str, Verified]:
    return {each.view.name: each for each in verify(world.snapshot(), workspace=workspace)}


def lease(name: str) -> Lease:
    return Lease(key=key(name), pid=1, started=1, boot_id="boot", token="t")  # noqa: S106


def test_every_answer_there_is():
    world = World()
    for number, name in enumerate(("api", "idle", "silent", "web", "lost", "shadow")):
        world.has(name, 3000 + number)
    world.runs("api").runs("lost", port=3999).runs("shadow")
    world.leases[key("silent")] = lease("silent")
    world.listens(3003, cwd=BLOG.root)
    world.listens(3005, pid=77, cwd=BLOG.root, address="::1")
    world.declares("planned")
    found = answers(world)
    assert {name: each.answer for name, each in found.items()} == {
        "api": Answer.OWNED,
        "idle": Answer.IDLE,
        "lost": Answer.MISPLACED,
        "shadow": Answer.SHADOWED,
        "silent": Answer.SILENT,
        "web": Answer.SQUATTED,
    }
    assert [name for name, each in found.items() if each.answer.is_good] == ["api", "idle"]
    assert "3999" in found["lost"].detail
    assert found["web"].holder == "node 4121"
    assert found["silent"].leased
    assert found["idle"].holder is None


def test_a_presumed_owner_says_so():
    world = World().has("web", 3000, type="web").listens(3000, cwd=None)
    (found,) = answers(world).values()
    assert (found.answer, found.detail.split(":")[0]) == (Answer.OWNED, "presumably")


def test_what_inherits_answers_with_its_parent():
    world = World().has("web", 3000).has("socket", 3000, inherit_from="web").runs("web")
    assert {each.answer for each in answers(world).values()} == {Answer.OWNED}


def test_one_workspace_or_all():
    world = World().has("web", 3000).has("blog", 3001, "blog")
    assert set(answers(world)) == {"web"}
    assert set(answers(world, workspace=None)) == {"web", "blog"}


def facts(world: World, port: int, protocol: IpProtocol = TCP) -> dict[str, str]:
    return {each.kind: each.text for each in port_facts(world.snapshot(), port, protocol)}


def test_nothing_is_to_be_known_of_a_plain_port():
    assert facts(World().has("web", 3000), 3000) == {}


@pytest.mark.parametrize(
    ("port", "kind", "text"),
    [
        (40000, "ephemeral", "lies in 32768-60999, which the system hands to outgoing connections"),
        (4321, "os_reserved", "is reserved by the system"),
        (80, "privileged", "needs a privilege to bind, which we do not have"),
        (6000, "browser_blocked", "is refused by browsers and fetch"),
        (3001, "quarantined", "was given back by old less than a minute ago"),
        (3002, "reserved", "is kept for a plan that is being applied"),
        (3003, "preferred_by", "is preferred by shop/web, which has 3000"),
        (3004, "home", "is the home of shop/api, which has 3009 and may return"),
        (3005, "preferred_by", "is the base of shop/planned, which has no port yet"),
        (3006, "assigned", "is assigned to shop/stage (staging)"),
        (3007, "excluded_by", "is excluded by shop/web"),
        (3008, "vanished", "belongs to blog/old, whose directory is gone: `portdash prune` gives it back"),
    ],
)
def test_every_reason(port: int, kind: str, text: str):
    world = World(vanished=frozenset({"blog"}))
    world.has("web", 3000, preferred=(3003,), exclude=(3007,)).has("api", 3009, home=3004)
    world.has("stage", 3006, environment="staging").has("old", 3008, "blog")
    world.declares("planned", base=3005)
    world.quarantined[TCP, 3001] = "old"
    world.reserved.add((TCP, 3002))
    assert facts(world, port) == {kind: text}


def test_another_store_of_the_machine():
    snapshot = replace(World().snapshot(), elsewhere={(TCP, 3000): key("web", "blog")}, taken_at=NOW)
    assert [each.text for each in port_facts(snapshot, 3000, TCP)] == [
        "is given to blog/web by another store of this machine"
    ]


def test_the_other_protocol_is_another_port():
    world = World().has("dns", 5300, preferred=(5353,), protocol=IpProtocol.UDP)
    assert facts(world, 5353) == {}
    assert list(facts(world, 5353, IpProtocol.UDP)) == ["preferred_by"]


@pytest.mark.parametrize(
    ("bound", "dual", "address", "expected"),
    [
        ("127.0.0.1", None, "127.0.0.1", True), ("127.0.0.1", None, "::1", False), ("127.0.0.1", None, "0.0.0.0", True),
        ("127.0.0.1", None, "::", True), ("0.0.0.0", None, "127.0.0.1", True), ("0.0.0.0", None, "::1", False),
        ("0.0.0.0", None, "::", True), ("::", True, "127.0.0.1", True), ("::", False, "127.0.0.1", False),
        ("::", False, "::1", True), ("::1", None, "0.0.0.0", False), ("::1", None, "::1", True),
        ("192.168.0.2", None, "127.0.0.1", False), ("::ffff:127.0.0.1", None, "127.0.0.1", True),
        ("fe80::1%eth0", None, "fe80::1", True), ("*", None, "::1", True),
    ],
)  # fmt: skip
def test_who_is_in_the_way_on_an_address(bound: str, dual: bool | None, address: str, expected: bool):
    found = replace(listener(3000, address=bound), dual_stack=dual)
    assert meets(found, address) is expected
    assert holder_on((found,), address) == ("node 4121" if expected else None)


def test_the_words_are_harmless():
    world = World().has("web", 3000)
    world.quarantined[TCP, 3001] = "\x1b[31m"
    assert all(text.isprintable() for text in facts(world, 3001).values())
