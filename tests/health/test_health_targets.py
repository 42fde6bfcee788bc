"""Which services of a snapshot are checked, and how."""

from dataclasses import replace

import pytest

from portdash.config.services import HealthCheck, ServiceConfig
from portdash.config.settings import Config
from portdash.health.checks import HttpGet, Speak, TcpConnect
from portdash.health.endpoint import Endpoint
from portdash.health.kernel import Liveness
from portdash.health.looks import look_at, passive_verdicts, servers_seen
from portdash.health.once import check_once
from portdash.health.record import Watched
from portdash.health.targets import Kinds, kind_of, targets
from portdash.model.assignment import Assignment, ServiceKey, ServiceSpec, Source
from portdash.model.health import HealthLevel, HealthState
from portdash.model.listener import Attribution, Container, Listener, Ownership, Process
from portdash.model.policy import Policy, PortLimits
from portdash.model.ports import IpProtocol
from portdash.model.snapshot import ServiceView, Snapshot, Status
from portdash.planning.judging import with_health

NOW = 1_000_000.0
OURS, UNKNOWN, FOREIGN = (
    Attribution(Ownership.CONFIRMED),
    Attribution(Ownership.UNKNOWN),
    Attribution(Ownership.FOREIGN),
)
OWNER = Process(pid=77, started_at=NOW - 60, ticks=1234, name="node")


def key(name: str, workspace: str = "shop") -> ServiceKey:
    return ServiceKey("h", "ann", workspace, "development", name, IpProtocol.TCP)


def listener(port: int, **changes: object) -> Listener:
    plain = Listener(protocol=IpProtocol.TCP, address="127.0.0.1", port=port, owner=OWNER, pids=(77,), queue=0)
    return replace(plain, **changes)  # type: ignore[arg-type]


def view(name: str, own: Listener | None, whose: Attribution = OURS, workspace: str = "shop") -> ServiceView:
    spec = ServiceSpec(name=name)
    port = own.port if own else 4000
    row = Assignment(key=key(name, workspace), spec=spec, port=port, source=Source.PREFERRED)
    return ServiceView(
        key=key(name, workspace),
        spec=spec,
        assignment=row,
        status=Status.RUNNING if own else Status.AVAILABLE,
        attribution=whose if own else None,
        listeners=(own,) if own else (),
    )


def snapshot(*views: ServiceView) -> Snapshot:
    return Snapshot(
        taken_at=NOW, revision=1, store_url="memory:", host="h", user="ann", workspace="shop",
        environment="development", policy=Policy(), limits=PortLimits(), services=views,
    )  # fmt: skip


def config(**checks: HealthCheck) -> Config:
    return Config(
        services=tuple(ServiceConfig(spec=ServiceSpec(name=name), health=each) for name, each in checks.items())
    )


def running(_pids: object) -> Liveness:
    return Liveness.RUNNING


def found(world: Snapshot, configured: Config, **kinds: str) -> dict[str, Watched]:
    by_port = {int(port.removeprefix("p")): kind for port, kind in kinds.items()}
    result = targets(world, configured, kind=lambda each: by_port.get(each.port), stand=running)
    return {each.service: watched for each, watched in result.items()}


def test_a_declared_check_and_a_quiet_one():
    world = snapshot(view("web", listener(3000)), view("cache", listener(6379)), view("plain", listener(9000)))
    result = found(world, config(web=HealthCheck(http_get="/health", interval=2.0)), p6379="redis")
    assert result["web"].check.probe == HttpGet(path="/health")
    assert (result["web"].check.interval, result["cache"].check.interval) == (2.0, 5.0)
    assert result["cache"].check.probe == Speak("redis")
    assert result["plain"].check.probe is None
    assert result["web"].endpoint == Endpoint("127.0.0.1", 3000)
    assert (result["web"].pid, result["web"].ticks) == (77, 1234)
    look = result["web"].look
    assert (look.age, look.identity, look.queue, look.liveness) == (60.0, (77, 1234), 0, Liveness.RUNNING)


def test_instances_share_the_check_of_their_service():
    world = snapshot(view("web@2", listener(3001)))
    assert found(world, config(web=HealthCheck(http_get="/"))).popitem()[1].check.probe == HttpGet(path="/")


def test_who_is_not_ours_gets_no_packet():
    foreign, unknown = view("a", listener(1), FOREIGN), view("b", listener(2), UNKNOWN)
    assert found(snapshot(foreign, unknown, view("c", None)), config()) == {}
    declared = config(a=HealthCheck(http_get="/"), b=HealthCheck(http_get="/"), c=HealthCheck(http_get="/"))
    assert list(found(snapshot(foreign, unknown, view("c", None)), declared)) == ["b"]


def test_a_service_that_runs_elsewhere_is_asked_there():
    away = replace(view("web", None), elsewhere=(listener(3001),))
    squatted = replace(view("web", listener(3000), FOREIGN), elsewhere=(listener(3001),))
    for each in (away, squatted):
        assert found(snapshot(each), config())["web"].endpoint == Endpoint("127.0.0.1", 3001)


def test_who_inherits_a_port_is_checked_as_the_one_whose_port_it_is():
    server, socket = view("server", listener(3000)), view("socket", listener(3000))
    socket = replace(socket, spec=replace(socket.spec, inherit_from="server"))
    declared = config(server=HealthCheck(http_get="/health"))
    for each in (server, replace(view("server", None), elsewhere=(listener(3000),))):
        result = found(snapshot(each, socket), declared)
        assert result["socket"].check == result["server"].check
        assert result["socket"].check.probe == HttpGet(path="/health")
    away = replace(socket, listeners=(), attribution=None)
    moved = replace(view("server", None), elsewhere=(listener(3001),))
    assert found(snapshot(moved, away), declared)["socket"].endpoint == Endpoint("127.0.0.1", 3001)
    own = config(server=HealthCheck(http_get="/health"), socket=HealthCheck(tcp=True))
    assert found(snapshot(server, socket), own)["socket"].check.probe == TcpConnect()


def test_who_is_to_inherit_a_port_and_has_none_yet_has_no_server():
    server, declared = view("server", listener(3000)), view("socket", None)
    declared = replace(declared, spec=replace(declared.spec, inherit_from="server"), assignment=None)
    assert [each.service for each in servers_seen(snapshot(server, declared))] == ["server"]


def test_the_configuration_is_this_workspaces_alone():
    world = snapshot(view("web", listener(3000), workspace="blog"))
    assert found(world, config(web=HealthCheck(http_get="/health")))["web"].check.probe is None


def test_udp_is_not_connected_to():
    world = snapshot(view("dns", listener(53, protocol=IpProtocol.UDP)))
    assert found(world, config(dns=HealthCheck(tcp=True)))["dns"].endpoint is None


def test_kernel_and_engine_without_a_packet():
    ill = listener(2, container=Container(id="c1", name="db", health="unhealthy"))
    world = snapshot(view("web", listener(1)), view("db", ill), view("b", listener(3), UNKNOWN))
    verdicts = {each.service: health for each, health in passive_verdicts(world, stand=running).items()}
    assert {name: (health.state, health.level) for name, health in verdicts.items()} == {
        "web": (HealthState.HEALTHY, HealthLevel.KERNEL),
        "db": (HealthState.UNHEALTHY, HealthLevel.CONTAINER),
    }
    assert look_at(ill, NOW, stand=running).identity == "c1"
    assert servers_seen(world, stand=running)[key("b")].is_ours is False


def test_verdicts_are_laid_over_a_snapshot():
    world = snapshot(view("web", listener(1)), view("cache", listener(2)))
    well = passive_verdicts(world, stand=running)[key("web")]
    answered = replace(well, level=HealthLevel.PROTOCOL)
    web, cache = with_health(world, {key("cache"): answered, key("gone"): well}).services
    assert (web.health.state, web.status) == (HealthState.UNKNOWN, Status.RUNNING)
    assert (cache.health, cache.status) == (answered, Status.CONNECTED)


def test_a_kind_is_found_once(monkeypatch: pytest.MonkeyPatch):
    asked: list[Listener] = []
    monkeypatch.setattr("portdash.health.targets.kind_of", lambda each: asked.append(each) or "vite")
    kinds = Kinds()
    assert [kinds(listener(1)), kinds(listener(1)), kinds(listener(2))] == ["vite"] * 3
    assert len(asked) == 2
    assert (kind_of(listener(3306)), kind_of(listener(5432))) == ("mysql", None)  # to be on the safe side
    assert kind_of(listener(1, container=Container(id="c", name="n", image="postgres:16"))) == "postgres"


async def test_one_check_of_each():
    world = snapshot(view("web", listener(1)), view("plain", listener(2)))
    declared = config(web=HealthCheck(tcp=True))
    services = targets(world, declared, kind=lambda _: None, stand=running)
    verdicts = {each.service: health for each, health in (await check_once(services)).items()}
    assert verdicts["web"].state is HealthState.UNHEALTHY
    assert verdicts["web"].detail == "it refuses connections"
    assert (verdicts["plain"].state, verdicts["plain"].level) == (HealthState.HEALTHY, HealthLevel.KERNEL)
    young = {each: one._replace(look=one.look._replace(age=1.0)) for each, one in services.items()}
    verdicts = {each.service: health for each, health in (await check_once(young)).items()}
    assert verdicts["web"].state is HealthState.STARTING
