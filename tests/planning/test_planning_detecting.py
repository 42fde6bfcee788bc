"""A declared service takes over the port of its own running server, and of no other."""

from dataclasses import replace

import pytest
from worlds import AGGRESSIVE, BLOG, CONSERVATIVE, MINIMAL, SHOP, World, actions, ask, key, listener, ports, result

from portdash.model.assignment import Match, Source, Verdict
from portdash.model.listener import Container, Listener
from portdash.model.plan import Plan, Strategy
from portdash.model.project import Project
from portdash.planning.allocation import plan_allocate
from portdash.planning.requests import ANY_KIND, Placement

HERE = SHOP.root
assert HERE is not None


def server(port: int, framework: str | None = "vite", **facts: object) -> Listener:
    facts = {"cwd": HERE, "pid": 4000 + port % 1000} | facts
    return replace(listener(port, **facts), framework=framework)


def world(*servers: Listener) -> World:
    made = World()
    made.listeners.extend(servers)
    return made


def wish(name: str = "client", detect: str | None = "vite", **wishes: object) -> Placement:
    return replace(ask(name, **wishes), detect=detect)


def plan(world: World, *batch: Placement, strategy: Strategy = MINIMAL) -> Plan:
    return plan_allocate(world.snapshot(), batch, strategy=strategy, actor="cli")


def test_the_port_of_the_running_server_is_taken_over_though_another_was_preferred():
    made = plan(world(server(5174)), wish(type="web", preferred=(5173,)))
    row = made.steps[0].after
    assert row is not None
    assert (row.port, row.source, row.home, row.attempts) == (5174, Source.DETECTED, None, 1)
    assert [(each.port, each.verdict, each.holder) for each in row.reasons] == [(5174, Verdict.CHOSEN, "node 4174")]
    assert made.steps[0].reason == "its server runs there: Vite, node 4174"
    assert made.notices == ()


@pytest.mark.parametrize("strategy", [MINIMAL, AGGRESSIVE, CONSERVATIVE])
def test_under_each_strategy_a_new_service_is_where_it_runs(strategy: Strategy):
    assert actions(plan(world(server(5174)), wish(preferred=(5173,)), strategy=strategy)) == ["assign client 5174"]


def test_what_nobody_asked_to_be_detected_is_not_taken_over():
    made = plan(world(server(5173)), wish(detect=None, preferred=(5173, 5200)))
    assert actions(made) == ["assign client 5200"]


@pytest.mark.parametrize(
    "other",
    [
        server(5174, "next"),
        server(5174, None),
        server(5174, cwd=BLOG.root),
        server(5174, cwd="/home/me/elsewhere"),
        server(5174, user="eve"),
        server(5174, pid=None),
        server(40_000),
        server(5174, container=Container(id="c", name="blog-client-1", compose_project="blog")),
    ],
    ids=["kind", "unknown", "project", "no project", "user", "hidden", "ephemeral", "container"],
)
def test_a_server_of_another_kind_place_or_user_is_left_alone(other: Listener):
    assert actions(plan(world(other), wish(preferred=(5173,)))) == ["assign client 5173"]


def test_a_container_of_the_workspace_is_its_own():
    held = Container(id="c", name="x", compose_project="shop", image="postgres:16-alpine")
    seen = server(5433, "docker-proxy", name="docker-proxy", user="root", cwd="/", container=held)
    made = plan(world(seen), wish("db", "postgres", type="database", preferred=(5432,)))
    assert ports(world(seen), made) == {"shop/db": 5433}
    assert made.steps[0].reason == "its server runs there: PostgreSQL, x (docker, shop)"
    assert ports(world(seen), plan(world(seen), wish("db", "redis", preferred=(6379,)))) == {"shop/db": 6379}


def test_between_equals_nobody_guesses():
    made = plan(world(server(5174), server(5175)), wish(preferred=(5173,)))
    assert actions(made) == ["assign client 5173"]
    assert made.notices == (
        "servers on 5174 and 5175 could be client's: `match` or `preferred` has to tell which one is",
    )


def test_one_server_on_two_addresses_is_one():
    made = plan(world(server(5174), server(5174, address="::1")), wish())
    assert actions(made) == ["assign client 5174"]


def test_somebody_else_on_the_same_port_makes_it_nobodys():
    made = plan(world(server(5174), server(5174, "x", address="::1", pid=9, cwd=BLOG.root)), wish(preferred=(5173,)))
    assert actions(made) == ["assign client 5173"]


@pytest.mark.parametrize(
    ("wishes", "port"),
    [
        ({"match": Match(command="--mode admin")}, 5176),
        ({"preferred": (5175, 5174)}, 5175),
        ({"preferred": (5180, 5174)}, 5174),
        ({}, 5177),
    ],
    ids=["rule", "first port", "second port", "directory"],
)
def test_the_more_telling_tie_decides(wishes: dict[str, object], port: int):
    servers = (
        server(5174),
        server(5175),
        server(5176, command=("node", "vite", "--mode admin")),
        server(5177, cwd=f"{HERE}/apps/client"),
    )
    assert actions(plan(world(*servers), wish(**wishes))) == [f"assign client {port}"]


def test_two_services_have_a_server_each():
    servers = (server(5174, cwd=f"{HERE}/apps/admin"), server(5175, cwd=f"{HERE}/apps/client"))
    made = plan(world(*servers), wish("client"), wish("admin"))
    assert ports(world(*servers), made) == {"shop/admin": 5174, "shop/client": 5175}


def test_another_services_port_is_not_taken_over():
    busy = world(server(5174)).has("docs", 5174)
    assert actions(plan(busy, wish(preferred=(5173,)))) == ["assign client 5173"]


def test_any_kind_will_do_only_where_it_is_sure():
    seen = world(server(5174, None))
    assert actions(plan(seen, wish(detect=ANY_KIND, preferred=(5173,)))) == ["assign client 5173"]
    assert actions(plan(seen, wish(detect=ANY_KIND, type="web", preferred=(5173,)))) == ["assign client 5174"]


def test_a_service_that_runs_elsewhere_is_followed_and_may_return():
    before = world(server(5174)).has("client", 5173, preferred=(5173,))
    made = plan(before, wish(preferred=(5173,)))
    assert actions(made) == ["move client 5173 5174"]
    row = result(before, made)[key("client")]
    assert (row.source, row.home) == (Source.DETECTED, 5173)
    before.rows[row.key] = row
    again = plan(before, wish(preferred=(5173,)))
    assert again.steps == ()
    before.listeners.clear()
    assert actions(plan(before, wish(preferred=(5173,)))) == ["move client 5174 5173"]


@pytest.mark.parametrize("reason", ["runs here", "pinned", "conservative"])
def test_a_service_is_not_followed(reason: str):
    before = world(server(5174)).has("client", 5173, pin=reason == "pinned")
    if reason == "runs here":
        before.listeners.append(server(5173))
    strategy = CONSERVATIVE if reason == "conservative" else MINIMAL
    assert plan(before, wish(pin=reason == "pinned"), strategy=strategy).steps == ()


def test_what_inherits_follows_too():
    before = world(server(5174)).has("client", 5173).has("ws", 5173, inherit_from="client")
    assert ports(before, plan(before, wish())) == {"shop/client": 5174, "shop/ws": 5174}


def test_a_variable_has_the_first_word():
    made = plan(world(server(5174)), replace(wish(env="PORT"), override=ask("x", override="5200").override))
    assert actions(made) == ["assign client 5200"]


def test_a_server_of_a_nested_project_is_that_projects():
    nested = server(5174, cwd=f"{HERE}/vendor/tool", project=Project(root=f"{HERE}/vendor/tool", name="tool"))
    assert actions(plan(world(nested), wish(preferred=(5173,)))) == ["assign client 5173"]
