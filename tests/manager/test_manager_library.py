"""The library in the words of the systems whose programs are to find theirs again."""

import inspect
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from manager_world import SHOP, Listen

import portdash
from portdash.config.services import ServiceConfig
from portdash.config.settings import Config
from portdash.demo.machine import FakeMachine
from portdash.errors import InvalidName, UsageError
from portdash.manager import functions
from portdash.manager.asking import to_wish
from portdash.manager.deps import Deps
from portdash.manager.facade import PortManager
from portdash.manager.null import NullPortManager
from portdash.model.assignment import Match, ServiceSpec, Source
from portdash.model.ports import PortRange


@pytest.fixture
def manager(deps: Deps) -> PortManager:
    return PortManager(deps=deps)


def signature(function: Callable[..., object]) -> str:
    return str(inspect.signature(function))


def test_the_signatures_that_programs_of_the_python_system_rely_on():
    parameters = inspect.signature(PortManager).parameters
    base = parameters["base_port"]
    assert (base.annotation, base.default, base.kind.name) == (int, 4000, "POSITIONAL_OR_KEYWORD")
    assert all(each.kind is each.KEYWORD_ONLY for name, each in parameters.items() if name != "base_port")
    for owner, this in ((PortManager, "self, "), (portdash, "")):
        assert signature(owner.assign_port) == f"({this}service_name: str, purpose: str = '') -> int"
        assert signature(owner.get_port) == f"({this}service_name: str) -> int | None"
        assert signature(owner.release_port) == f"({this}service_name: str) -> bool"
    assert signature(PortManager.reset_assignments) == "(self) -> None"
    assert signature(PortManager.export_env_vars) == "(self) -> dict[str, str]"
    assert signature(portdash.export_env_vars) == "() -> dict[str, str]"
    assert signature(portdash.get_next_port) == "() -> int"
    assert signature(portdash.reset_ports) == "() -> None"


def test_the_manager_is_a_facade():
    for one in PortManager.__mro__[:-1]:
        assert len(inspect.getsource(one).splitlines()) <= 150, one


def test_the_seven_services_of_the_python_system(manager: PortManager):
    names = ("http-server", "postgres", "mongo", "redis", "elasticsearch", "grafana", "prometheus")
    assert [manager.assign_port(name, f"the {name}") for name in names] == list(range(4000, 4007))
    variables = manager.export_env_vars()
    assert variables["BASE_PORT"], variables["NEXT_PORT"] == ("4000", "4007")
    assert (variables["HTTP_SERVER_PORT"], variables["PROMETHEUS_PORT"]) == ("4000", "4006")
    assert int(os.getenv("SERVER_PORT", str(manager.get_port("http-server") or -1))) == 4000


@pytest.mark.parametrize(("busy", "port", "attempts"), [((), 5000, 1), ((5000, 5001), 5002, 3)])
def test_a_base_and_what_follows(manager: PortManager, listen: Listen, busy: tuple[int, ...], port: int, attempts: int):
    for number in busy:
        listen(number)
    found = manager.allocate_port(base_port=5000, service_name="web-server")
    assert (found.port, found.attempts, found.fallback) == (port, attempts, bool(busy))
    assert (found.name, found.preferred) == ("web-server", 5000)


def test_a_search_ends_where_it_is_told_to_and_leaves_out_what_it_is_told_to(manager: PortManager):
    found = manager.allocate_port(service_name="test-service", base_port=9000, max_port=9002, exclude={9000, 9001})
    assert found.port == 9002
    with pytest.raises(portdash.NoPortAvailable):
        manager.allocate_port(service_name="other", base_port=9000, max_port=9002, exclude=[9000, 9001])


@pytest.mark.parametrize(
    "said",
    [
        {"base_port": 5000},
        {"name": "web", "service_name": "web"},
        {"name": "web", "max_port": 5100},
        {"name": "web", "base_port": 5000, "max_port": 4000},
        {"name": "web", "base_port": 70000},
        {"name": "web", "on_failure": "ignore"},
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(manager: PortManager, said: dict[str, object]):
    with pytest.raises(portdash.UsageError):
        manager.allocate_port(**said)  # type: ignore[call-overload]


def test_a_type_with_a_preference_outside_its_range(manager: PortManager, listen: Listen):
    assert manager.allocate_port("emotion", "ml").port == 8300
    first = manager.allocate_port("hrm", "ml", preferred=8085)
    assert (first.port, first.attempts, first.type, first.preferred, first.fallback) == (8085, 1, "ml", 8085, False)
    assert (first.service, first.url()) == ("hrm", "http://localhost:8085")
    listen(8088)
    second = manager.allocate_port("voice", "ml", preferred=8088)
    assert (second.port, second.source, second.fallback) == (8301, Source.FALLBACK, True)


def test_several_in_either_spelling(manager: PortManager):
    found = manager.allocate_many(
        [
            {"name": "web-server", "basePort": 5000},
            {"service_name": "api-server", "base_port": 5000, "max_port": 5010},
            ServiceSpec(name="db", preferred=(5432,), type="database"),
            "cache",
        ]
    )
    assert [(row.name, row.port) for row in found] == [
        ("web-server", 5000),
        ("api-server", 5001),
        ("db", 5432),
        ("cache", 4000),
    ]


def test_several_are_all_or_nothing(manager: PortManager, listen: Listen):
    listen(6000)
    with pytest.raises(portdash.NoPortAvailable, match=r"\[b\]"):
        manager.allocate_many([{"name": "a"}, {"name": "b", "base": 6000, "max_port": 6000}])
    assert manager.allocations() == ()


@pytest.mark.parametrize(
    "asked", [{}, {"name": 5}, {"name": "a", "base": 1, "basePort": 2}, {"name": "a", "nosuch": 1}]
)
def test_dicts_that_say_too_little_or_too_much(asked: dict[str, object]):
    with pytest.raises(portdash.UsageError):
        to_wish(asked)


def test_a_spec_is_a_wish_for_what_it_says():
    wish = to_wish(ServiceSpec(name="web", range=PortRange(5000, 5010), pin=True))
    assert (wish.range, wish.pin, wish.preferred, wish.exclude) == (PortRange(5000, 5010), True, None, None)


@pytest.mark.parametrize(
    ("value", "busy", "port"), [("5005", False, 5005), ("5005", True, 5000), ("abc", False, 5000), (None, False, 5000)]
)
def test_the_variable_first(deps: Deps, listen: Listen, *, value: str | None, busy: bool, port: int):
    if busy:
        listen(5005)
    manager = PortManager(deps=replace(deps, environ={"PORT": value} if value else {}))
    assert manager.port_from_env("PORT", "main-server", 5000) == port


def without_port(_deps: Deps, listen: Listen) -> None:
    listen(5000)


def read_only(deps: Deps, _listen: Listen) -> None:
    object.__setattr__(deps, "config", replace(deps.config, read_only=True))


def without_store(deps: Deps, _listen: Listen) -> None:
    deps.store.close()


@pytest.mark.parametrize("spoil", [without_port, read_only, without_store])
def test_the_default_where_none_can_be_had(
    deps: Deps, listen: Listen, caplog: pytest.LogCaptureFixture, spoil: Callable[[Deps, Listen], None]
):
    manager = PortManager(deps=deps)
    spoil(deps, listen)
    found = manager.allocate("web", base=5000, range=(5000, 5000), on_failure="default")
    assert isinstance(found, portdash.DefaultPort)
    assert (found.port, found.source, found.is_assigned, found.url()) == (5000, None, False, "http://localhost:5000")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"{found.problem}; web uses its default 5000, and nobody keeps it"
    with pytest.raises(portdash.PortdashError):
        manager.allocate("web", base=5000, range=(5000, 5000))
    if spoil is not without_port:
        with pytest.raises(portdash.PortdashError):
            manager.allocate_port("web", on_failure="default")


def test_the_default_may_be_the_declared_one(deps: Deps, listen: Listen):
    spec = ServiceSpec(name="web", preferred=(5000,), range=PortRange(5000, 5000))
    listen(5000)
    manager = PortManager(deps=replace(deps, config=Config(services=(ServiceConfig(spec=spec),))))
    assert manager.allocate_port("web", on_failure="default").port == 5000


def test_what_is_had_is_assigned(manager: PortManager):
    assert manager.allocate("web", on_failure="default").is_assigned


def test_an_endpoint_follows_the_server(deps: Deps, listen: Listen):
    spec = ServiceSpec(name="vision", preferred=(8084,), match=Match(process="vision", directory=SHOP.root))
    manager = PortManager(deps=replace(deps, config=Config(services=(ServiceConfig(spec=spec),))))
    manager.allocate("vision")
    assert manager.endpoint("vision") == "http://localhost:8084"
    assert SHOP.root
    listen(8090, cwd=SHOP.root, name="vision")
    assert manager.endpoint("vision", scheme="ws") == "ws://localhost:8090"


def test_an_endpoint_is_never_a_stranger(manager: PortManager, listen: Listen, caplog: pytest.LogCaptureFixture):
    manager.allocate("vision", preferred=8084)
    listen(8084)
    with pytest.raises(portdash.NoSuchService, match="8084 is held by node 4121"):
        manager.endpoint("vision")
    assert manager.endpoint("vision", "http://localhost:1") == "http://localhost:1"
    assert "vision is taken to be at http://localhost:1" in caplog.text


def test_an_endpoint_of_what_portdash_does_not_place(deps: Deps):
    external = ServiceConfig(spec=ServiceSpec(name="lmstudio"), url="http://localhost:1234")
    configured = replace(deps, config=Config(services=(external,)))
    assert PortManager(deps=configured).endpoint("lmstudio") == "http://localhost:1234"
    told = replace(configured, config=replace(configured.config, urls={"LMSTUDIO": "http://10.0.0.5:80"}))
    assert PortManager(deps=told).endpoint("lmstudio") == "http://10.0.0.5:80"


def test_an_endpoint_on_one_address_has_it(manager: PortManager, machine: FakeMachine, listen: Listen):
    manager.allocate("web", preferred=3000)
    assert SHOP.root
    machine.listen(replace(listen(3001, cwd=SHOP.root), port=3000, address="fe80::1"))
    assert manager.endpoint("web") == "http://[fe80::1]:3000"


def test_an_endpoint_without_a_store(deps: Deps, caplog: pytest.LogCaptureFixture):
    manager = PortManager(deps=deps)
    deps.store.close()
    assert manager.endpoint("web", default="http://localhost:9") == "http://localhost:9"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    with pytest.raises(portdash.StoreError):
        manager.endpoint("web")
    with pytest.raises(InvalidName):
        manager.endpoint("no name", default="http://localhost:9")


def test_ports_are_attributes(deps: Deps):
    declared = ServiceConfig(spec=ServiceSpec(name="api-server", base=3000))
    main = ServiceConfig(spec=ServiceSpec(name="web-server", base=5000, env="PORT"))
    manager = PortManager(deps=replace(deps, config=Config(services=(declared, main))))
    config = manager.config()
    assert (config.PORT, config.API_SERVER_PORT, config.BASE_PORT) == (5000, 3000, 4000)
    assert manager.get_port("web-server") == config.WEB_SERVER_PORT == 5000
    assert {"PORT", "API_SERVER_PORT"} <= set(dir(config))
    with pytest.raises(portdash.UnknownVariable) as caught:
        _ = config.API_SRVER_PORT
    assert caught.value.hint == "did you mean API_SERVER_PORT?"
    assert isinstance(caught.value, AttributeError)
    assert not hasattr(config, "OTHER_PORT")


def test_an_attribute_follows_its_variable(deps: Deps):
    main = ServiceConfig(spec=ServiceSpec(name="web-server", base=5000, env="PORT"))
    environ: dict[str, str] = {}
    config = PortManager(deps=replace(deps, config=Config(services=(main,)), environ=environ)).config()
    assert config.PORT == 5000
    environ["PORT"] = "5050"
    assert (config.PORT, config.WEB_SERVER_PORT) == (5050, 5050)
    environ["PORTDASH_EXPORTED"] = "PORT=5050"
    assert config.PORT == 5000
    environ["PORT"] = "abc"
    assert config.PORT == 5000


def test_what_runs_elsewhere_gets_no_port(deps: Deps):
    studio = ServiceConfig(spec=ServiceSpec(name="lmstudio"), url="http://me:secret@studio.example:1234")
    manager = PortManager(deps=replace(deps, config=Config(services=(studio,))))
    for ask in (lambda: manager.allocate("LMstudio@2"), lambda: manager.assign_port("lmstudio")):
        with pytest.raises(portdash.UsageError, match="runs elsewhere, at http://") as caught:
            ask()
        assert "secret" not in str(caught.value)
    assert manager.allocations() == ()
    assert manager.allocate("studio").port == 4000


@pytest.mark.parametrize(("value", "services", "port"), [("5005", ("a", "b"), 5005), ("x", ("a",), 4000)])
def test_the_main_port_without_a_service_for_it(deps: Deps, value: str, services: tuple[str, ...], port: int):
    manager = PortManager(deps=replace(deps, environ={"PORT": value}))
    for name in services:
        manager.assign_port(name)
    assert port == manager.config().PORT


def test_a_null_manager_has_the_whole_surface():
    def public(one: type) -> dict[str, str]:
        functions = [each for each in inspect.getmembers(one, inspect.isfunction) if not each[0].startswith("_")]
        return {name: signature(function).partition(" -> ")[0] for name, function in functions}

    assert public(NullPortManager) == public(PortManager)


def client(manager: PortManager | NullPortManager | None = None) -> str:
    """A constructor as programs have it: the manager may be left out."""
    manager = manager or NullPortManager()
    return manager.allocate_port("my-service", "ml", preferred=8088, on_failure="default").url()


def test_code_runs_with_a_manager_without_one_and_with_none(manager: PortManager, listen: Listen):
    assert client(NullPortManager()) == client(None) == "http://localhost:8088"
    listen(8088)
    assert client(manager) == "http://localhost:8300"
    assert client() == "http://localhost:8088"


def test_a_null_manager_gives_what_was_asked_for_and_keeps_nothing():
    manager = NullPortManager(ports={"db": 5432})
    assert [each.port for each in manager.allocate_many([{"name": "web", "basePort": 5000}, "db"])] == [5000, 5432]
    assert (manager.assign_port("db"), manager.get_port("db"), manager.get_port("web")) == (5432, 5432, None)
    assert manager.export_env_vars() == {"BASE_PORT": "4000", "NEXT_PORT": "4000", "DB_PORT": "5432"}
    assert (manager.config().DB_PORT, manager.endpoint("db")) == (5432, "http://localhost:5432")
    assert (manager.allocations(), manager.conflicts(), manager.release_port("db")) == ((), (), False)
    with pytest.raises(portdash.NoPortAvailable):
        manager.assign_port("web")
    with pytest.raises(portdash.NoSuchService):
        manager.endpoint("web")
    with pytest.raises(portdash.NoSuchService):
        manager.plan("db")
    manager.on("assigned", print)()
    with pytest.raises(portdash.UsageError):
        manager.on("nosuch", print)


def test_a_null_manager_reads_the_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", "5005")
    assert NullPortManager().port_from_env("PORT", "main", 5000) == 5005
    monkeypatch.setenv("PORT", "abc")
    assert NullPortManager().port_from_env("PORT", "main", 5000) == 5000


def test_the_module_s_functions_on_a_real_store(home: Path, monkeypatch: pytest.MonkeyPatch):
    root = home / "shop"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    web, api = portdash.allocate_multiple_ports(
        [{"name": "web-server", "base_port": 25000}, {"name": "api-server", "base_port": 25000}]
    )
    assert web.port != api.port
    assert portdash.config().WEB_SERVER_PORT == portdash.get_config().WEB_SERVER_PORT == web.port
    assert portdash.endpoint("api-server") == api.url()
    monkeypatch.setenv("MAIN_PORT", "nonsense")
    assert portdash.get_port_from_env_or_allocate("MAIN_PORT", 25200, "main-server") >= 25200
    assert portdash.port_from_env("MAIN_PORT", "main-server") == portdash.get_port("main-server")


def test_the_module_s_functions_where_the_store_cannot_be_opened(home: Path, monkeypatch: pytest.MonkeyPatch):
    (home / "broken.db").write_bytes(b"no database" * 1000)
    monkeypatch.setenv("PORTDASH_STORE", f"sqlite:///{home / 'broken.db'}")
    assert portdash.allocate_port("hrm", "ml", preferred=8085, on_failure="default").port == 8085
    assert portdash.allocate("hrm", base=8085, strategy="minimal", on_failure="default").is_assigned is False
    assert portdash.endpoint("hrm", default="http://localhost:8085") == "http://localhost:8085"
    with pytest.raises(portdash.StoreError):
        portdash.allocate("hrm", on_failure="default")


def test_the_functions_keep_what_they_leased_for_as_long_as_the_process_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    found: list[PortManager] = []
    thread = Thread(target=lambda: found.append(functions.manager()))
    thread.start()
    thread.join()
    assert functions.manager() is found[0]
    (tmp_path / "elsewhere").mkdir()
    here = Path.cwd()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert functions.manager() is not found[0]
    monkeypatch.chdir(here)
    assert functions.manager() is found[0]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda manager: manager.allocate_many([42]), "42 is no service"),
        (lambda manager: manager.allocate_many("web"), "'web' is no list of services"),
        (lambda manager: manager.allocate_many({"name": "web"}), "'web'} is no list of services"),
        (lambda manager: manager.allocate_many(None), "None is no list of services"),
        (lambda manager: manager.allocate_many([{"name": "web", 5: 3}]), "5 is no parameter"),
        (lambda manager: manager.allocate(5), "'5' is no text"),
        (lambda manager: manager.get_port(5), "'5' is no text"),
        (lambda manager: manager.allocate("web", bogus=1), "a service has no 'bogus'"),
        (lambda manager: manager.allocate("web", range="5000-x"), "'5000-x' is not a range of ports"),
        (lambda manager: manager.allocate("web", range=(1, 2, 3)), "cannot be used"),
        (lambda manager: manager.suggest("web", count=-2), "-2 ports cannot be suggested"),
    ],
)
def test_what_makes_no_sense_is_an_error_of_ours(deps: Deps, call: Callable[[PortManager], object], told: str):
    with pytest.raises(UsageError, match=told):
        call(PortManager(deps=deps))


def test_a_range_may_be_a_text(deps: Deps):
    assert PortManager(deps=deps).allocate("web", range="5000-5010").port == 5000


def test_a_null_manager_exports_qualified_names_by_their_services():
    assert NullPortManager(ports={"shop/web": 3000}).export_env_vars()["WEB_PORT"] == "3000"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"type": 5}, "type is '5', which is no text"),
        ({"type": "x" * 1001}, "type is too long"),
        ({"type": " "}, "' ' is no type of service"),
        ({"type": "web\n"}, "'web\\x0a' is no type of service"),
        ({"purpose": b"x"}, "purpose is"),
        ({"purpose": "x" * 1_000_000}, "purpose is too long"),
        ({"env": 5}, "env is '5', which is no text"),
        ({"inherit_from": ["db"]}, "inherit_from is"),
        ({"conflicts_with": 5}, "conflicts_with=5 cannot be used"),
        ({"preferred": "8123"}, "preferred='8123' cannot be used"),
        ({"preferred": b"8123"}, "preferred=b'8123' cannot be used"),
        ({"preferred": 8123.0}, "preferred=8123.0 cannot be used"),
        ({"preferred": range(3000, 3101)}, "web: 101 preferred ports, at most 100 are possible"),
        ({"exclude": "8123"}, "exclude='8123' cannot be used"),
        ({"pin": "yes"}, "pin is 'yes'"),
        ({"strict": 1}, "strict is 1"),
        ({"priority": True}, "True is no priority"),
        ({"conflicts_with": [5]}, "conflicts_with is '5', which is no text"),
        ({"priority": 0}, "0 is no priority"),
        ({"priority": "1"}, "'1' is no priority"),
        ({"priority": 10**30}, "is no priority"),
        ({"range": range(5010, 5000, -1)}, "cannot be used"),
    ],
)
def test_what_cannot_be_asked_for_is_named(manager: PortManager, said: dict[str, Any], words: str):
    with pytest.raises(portdash.UsageError) as caught:
        manager.allocate("web", **said)
    assert words in caught.value.message
    assert len(caught.value.message) < 200
    assert manager.get_port("web") is None


def test_one_name_stands_for_a_list_of_one_and_pythons_range_for_a_range(manager: PortManager):
    found = manager.allocate("web", conflicts_with="api", range=range(5000, 5011))
    assert (found.spec.conflicts_with, found.spec.range) == (("api",), PortRange(5000, 5010))


@pytest.mark.parametrize("name", [None, 3000, b"web", "", "shop/"])
def test_what_is_no_name_is_released_neither(manager: PortManager, name: Any):  # noqa: ANN401
    with pytest.raises(InvalidName):
        manager.release_port(name)
