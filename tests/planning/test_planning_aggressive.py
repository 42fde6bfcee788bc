"""The claimant gets its first choice, or nothing is touched."""

import pytest
from worlds import AGGRESSIVE, MINIMAL, SHOP, World, actions, ask

from portdash.model.listener import Container
from portdash.model.plan import Action, Plan, Strategy
from portdash.model.policy import Policy
from portdash.model.ports import IpProtocol, PortRange
from portdash.planning.allocation import plan_allocate
from portdash.planning.freeing import targets_on
from portdash.planning.requests import Placement

HERE = SHOP.root


def plan(world: World, *batch: Placement, strategy: Strategy = MINIMAL) -> Plan:
    return plan_allocate(world.snapshot(), batch, strategy=strategy, actor="cli")


def texts(made: Plan) -> list[str]:
    return [left.text for left in made.unresolved if left.asked]


def test_aggressive_pushes_another_service_off():
    world = World().has("api", 3000, base=3000)
    made = plan(world, ask("web", preferred=(3000,)), strategy=AGGRESSIVE)
    assert actions(made) == ["move api 3000 3001", "assign web 3000"]
    assert not made.needs_consent


def test_aggressive_ends_a_stranger_with_consent():
    world = World().listens(3000)
    made = plan(world, ask("web", preferred=(3000,)), strategy=AGGRESSIVE)
    assert actions(made) == ["terminate node 4121", "assign web 3000"]
    target = made.steps[0].target
    assert target is not None
    assert (target.pid, target.ticks, target.started_at, target.port) == (4121, 7, 5.0, 3000)
    assert made.needs_consent
    assert made.cost.terminated == 1


def test_aggressive_stops_a_container_and_counts_its_sockets_once():
    blog = Container(id="c1", name="blog-db-1", compose_project="blog")
    world = World().listens(3000, container=blog, address="0.0.0.0").listens(3000, container=blog, address="::")
    made = plan(world, ask("web", preferred=(3000,)), strategy=AGGRESSIVE)
    assert [step.action for step in made.steps] == [Action.STOP_CONTAINER, Action.ASSIGN]
    assert made.steps[0].target is not None
    assert made.steps[0].target.container_id == "c1"


def test_aggressive_keeps_the_port_of_an_existing_service():
    made = plan(World().has("web", 3000).listens(3000), ask("web"), strategy=AGGRESSIVE)
    assert actions(made) == ["terminate node 4121"]


@pytest.mark.parametrize(
    ("world", "text"),
    [
        (World().listens(3000, pid=None, user="root"), "owner hidden (root) holds it, and who that is may not be read"),
        (World().listens(3000, user="root", cwd=None), "it runs as root"),
        (
            World().listens(3000, container=Container(id="", name="container at 172.17.0.2:80")),
            "its engine does not tell us which container that is",
        ),
        (World().listens(3000, pid=1), "it is protected"),
        (World().listens(3000, name="sshd: me"), "it is protected"),
        (World().listens(3000, name="Zellij"), "it is protected"),
        (World().listens(3000, name="loginwindow"), "it is protected"),
        (World().has("api", 3000, pin=True), "shop/api has it, and is pinned"),
        (World().has("api", 3000, priority=1), "shop/api has it, and is more important"),
        (World().has("api", 3000, range=PortRange(3000, 3000)), "there is no other port for that one"),
        (World(reserved={(IpProtocol.TCP, 3000)}), "reserved: a plan that is being applied"),
        (World(policy=Policy(trusted=False)).has("api", 3000, "blog"), "this project is not trusted"),
    ],
)
def test_aggressive_touches_nothing_where_the_port_cannot_be_had(world: World, text: str):
    made = plan(world, ask("web", preferred=(3000,)), strategy=AGGRESSIVE)
    assert made.is_stuck
    assert made.steps == ()
    assert text in texts(made)[0]


def test_aggressive_ends_the_server_of_a_displaced_service_that_nobody_supervises():
    world = World().has("api", 3000, base=3000).runs("api")
    made = plan(world, ask("web", preferred=(3000,)), strategy=AGGRESSIVE)
    assert actions(made) == ["terminate node 20000", "move api 3000 3001", "assign web 3000"]
    assert [left.text for left in made.unresolved] == ["shop/api is ended: start it again on 3001"]


def test_a_server_below_the_leaseholder_is_ended_as_any_other_for_nobody_would_start_it_again():
    world = World().has("api", 3000, base=3000).runs("api")
    world.listeners.clear()
    world.listens(3000, pid=555, cwd=HERE, ancestors=(20_000,))
    made = plan(world, ask("web", preferred=(3000,)), strategy=AGGRESSIVE)
    assert actions(made) == ["terminate node 555", "move api 3000 3001", "assign web 3000"]
    assert made.needs_consent
    assert [left.text for left in made.unresolved] == ["shop/api is ended: start it again on 3001"]


def test_aggressive_ends_the_server_of_another_service_that_strayed_here_and_says_so():
    world = World().has("api", 3001).runs("api", port=3100)
    made = plan(world, ask("web", preferred=(3100,)), strategy=AGGRESSIVE)
    assert actions(made) == ["terminate node 20000", "assign web 3100"]
    assert [left.text for left in made.unresolved] == ["shop/api is ended on 3100: start it again on 3001"]


@pytest.mark.parametrize("supervised", [True, False])
def test_who_is_ended_is_told_apart_by_whether_portdash_runs_it(*, supervised: bool):
    world = World().has("api", 3001).runs("api", port=3100, supervised=supervised)
    made = plan(world, ask("web", preferred=(3100,)), strategy=AGGRESSIVE)
    assert [step.target.is_supervised for step in made.steps if step.target] == [supervised]
    freed = targets_on(world.snapshot(), 3100, IpProtocol.TCP, frozenset())
    assert [target.is_supervised for target in freed] == [supervised]


def test_each_of_two_holders_of_one_port_knows_of_the_other():
    world = World().listens(3000, pid=11).listens(3000, pid=12, address="::1").listens(3000, pid=12, address="::2")
    made = plan(world, ask("web", preferred=(3000,)), strategy=AGGRESSIVE)
    targets = [step.target for step in made.steps if step.target]
    assert [(target.pid, target.beside) for target in targets] == [(11, (12,)), (12, (11,))]


def test_two_claimants_of_one_plan_do_not_fight():
    made = plan(World(), ask("a", preferred=(3000, 3001)), ask("b", preferred=(3000, 3001)), strategy=AGGRESSIVE)
    assert actions(made) == ["assign a 3000", "assign b 3001"]


def test_aggressive_skips_a_wish_that_no_force_can_fulfil():
    made = plan(World(), ask("web", preferred=(80, 3001)), strategy=AGGRESSIVE)
    assert actions(made) == ["assign web 3001"]
