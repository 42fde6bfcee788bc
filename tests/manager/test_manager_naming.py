from dataclasses import replace

import pytest
from manager_world import Listen

from portdash.config.ranges import DEFAULT_RANGES
from portdash.config.services import ServiceConfig
from portdash.config.settings import Config
from portdash.manager.adopting import plan_adopt
from portdash.manager.allocate import settle
from portdash.manager.deps import Deps
from portdash.manager.naming import suggest_name, suggest_type, wanted_ports
from portdash.model.assignment import ServiceSpec
from portdash.model.listener import Container, Listener, Process
from portdash.model.policy import Policy, TypeRange
from portdash.model.ports import IpProtocol, PortRange
from portdash.model.project import Project

SHOP = Project(root="/home/dev/src/shop", name="shop")


def listener(*command: str, name: str = "node", project: Project | None = SHOP) -> Listener:
    owner = Process(pid=7, name=name, command=command)
    return Listener(protocol=IpProtocol.TCP, address="::", port=5173, owner=owner, project=project)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("node", "/src/shop/node_modules/.bin/vite", "--port", "5173"), "vite"),
        (("/usr/bin/python3.12", "-u", "-m", "http.server", "3000"), "http.server"),
        (("next-server (v15.5.29)",), "next-server"),
        (("/opt/venv/bin/uvicorn", "main:app"), "uvicorn"),
        (("node", "server.js"), "shop"),
        (("python", "-c", "import socket"), "shop"),
        (("node",), "shop"),
        ((), "shop"),
        (("redis-server 127.0.0.1:6379",), "redis-server"),
    ],
)
def test_a_listener_is_named_after_what_runs(command: tuple[str, ...], name: str):
    assert suggest_name(listener(*command)) == name


def test_a_container_is_named_after_its_service_and_the_nameless_after_its_port():
    container = Container(id="1", name="blog-db-1", compose_service="db")
    assert suggest_name(Listener(protocol=IpProtocol.TCP, address="::", port=5432, container=container)) == "db"
    assert suggest_name(Listener(protocol=IpProtocol.TCP, address="::", port=5432)) == "port-5432"
    assert suggest_name(listener("-", name="日本", project=None)) == "port-5173"


def test_what_it_is_names_it_and_a_package_of_many_before_that():
    vite = replace(listener("node", "server.js"), framework="vite")
    assert suggest_name(vite) == "vite"
    assert suggest_name(replace(vite, project=replace(SHOP, package="site"))) == "site"


def test_what_it_is_says_its_type_where_a_range_is_set_aside_for_that():
    policy = Policy(ranges=DEFAULT_RANGES)
    bare = listener("x")
    found = {
        each: suggest_type(replace(bare, framework=each), policy) for each in ("vite", "postgres", "redis", "nginx")
    }
    assert found == {"vite": "development", "postgres": "database", "redis": "cache", "nginx": None}
    web = Policy(ranges=(TypeRange("web", PortRange(3000, 3999), "Web", 1),))
    assert suggest_type(replace(bare, framework="vite"), web) == "Web"
    assert suggest_type(bare, policy) is None


def test_a_name_that_is_taken_gets_a_number():
    vite, long = listener("/bin/Vite"), listener(f"/bin/{'x' * 63}")
    assert suggest_name(vite) == "Vite"
    assert suggest_name(vite, taken={"vite", "vite-2"}) == "Vite-3"
    assert len(suggest_name(long, taken={"x" * 63})) <= 63


@pytest.fixture
def declared(deps: Deps) -> Deps:
    """Web is declared in the shop and prefers 5173."""
    return replace(deps, config=Config(services=(ServiceConfig(spec=ServiceSpec(name="Web", preferred=(5173,))),)))


def test_a_declared_service_that_waits_for_the_port_gives_its_name(declared: Deps, listen: Listen):
    here, elsewhere = listen(5173, cwd=SHOP.root, name="vite"), listen(5173, name="vite")
    snapshot = declared.observer.snapshot()
    wanted = wanted_ports(snapshot.services, snapshot.workspaces)
    assert suggest_name(here, wanted) == "Web"
    assert suggest_name(here, wanted, {"web"}) == "vite"
    assert suggest_name(elsewhere, wanted) == "vite", "it works in another project"
    assert suggest_name(replace(here, port=5174), wanted) == "vite"
    assert suggest_name(replace(here, protocol=IpProtocol.UDP), wanted) == "vite"


def test_adopting_its_server_makes_a_declared_service_whole(declared: Deps, listen: Listen):
    server = listen(5173, cwd=SHOP.root, name="vite")
    settle(declared, lambda snapshot: plan_adopt(declared, snapshot, [server]))
    snapshot = declared.observer.snapshot()
    assert [(view.name, view.port, view.is_running) for view in snapshot.services] == [("Web", 5173, True)]
    assert wanted_ports(snapshot.services, snapshot.workspaces) == {}, "it waits no more"
