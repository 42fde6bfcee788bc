"""Instances of other machines: announced on a real Redis server, found there, and remembered while it is away."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from own_ports import own_port
from redis_server import RedisServer

import portdash
from portdash.config.paths import user_file
from portdash.config.settings import Config, Flags
from portdash.discovery import roll
from portdash.discovery.announcing import LIVES, Announcement
from portdash.discovery.cluster import Cluster, ClusterSource
from portdash.discovery.finding import discover
from portdash.discovery.instance import Nearness
from portdash.discovery.local import LocalSource
from portdash.discovery.roll import Roll, Wanted
from portdash.discovery.sources import source_for
from portdash.errors import StoreUnavailable, UsageError
from portdash.manager.opening import open_deps
from portdash.model.heartbeat import Heartbeat
from portdash.store.redis.registry import Registry
from portdash.testing import TestInstance

pytestmark = pytest.mark.needs_redis

ServeApi = Callable[[], int]
Serve = Callable[..., "subprocess.Popen[str]"]
FreePort = Callable[[], int]
AWAY = Heartbeat(
    host="f" * 32, label="laptop", address="10.0.0.7", port=8080, service="api", workspace="shop",
    environment="development", health="healthy", version="1.2",
)  # fmt: skip
API = Wanted("api", None, "development")


@pytest.fixture
def registry(redis_server: RedisServer) -> Iterator[Registry]:
    with closing(Registry(redis_server.url)) as registry:
        yield registry


def test_what_was_announced_is_found_until_it_is_taken_back(registry: Registry, redis_server: RedisServer):
    two = (AWAY, replace(AWAY, service="api@2", port=8081, health="unhealthy"))
    registry.beat((*two, replace(AWAY, service="web"), replace(AWAY, environment="staging")), seconds=60.0)
    found = Roll(registry, state_dir=None).instances(API)
    assert [(each.service, each.url, each.health.state) for each in found] == [
        ("api", "http://10.0.0.7:8080", "healthy"),
        ("api@2", "http://10.0.0.7:8081", "unhealthy"),
    ]
    first = found[0]
    assert (first.host, first.version, first.workspace, first.nearness) == (
        "laptop",
        "1.2",
        "shop",
        Nearness.OTHER_HOST,
    )
    with redis_server.client() as client:
        assert all(0 < client.pttl(key) <= 60_000 for key in client.keys("*instances:*"))
    registry.withdraw(two[:1])
    assert [each.service for each in Roll(registry, state_dir=None).instances(API)] == ["api@2"]


def test_what_beats_no_more_is_forgotten(registry: Registry, redis_server: RedisServer):
    registry.beat([AWAY], seconds=60.0)
    with redis_server.client() as client:
        client.delete(*client.keys("*instances:*"))  # as it ends by itself
        assert registry.heartbeats() == ()
        assert client.keys("*") == []


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{}", b"[" * 5000, b'"\xff"', b"null",
        b'{"host":"x","label":"x","address":"evil.test/","port":1,"service":"api","workspace":"","environment":"development","health":"healthy"}',
        b'{"host":"x","label":"x","address":"10.0.0.1","port":70000,"service":"api","workspace":"","environment":"development","health":"healthy"}',
    ],
)  # fmt: skip
def test_strangers_in_the_registry_are_no_instances(registry: Registry, redis_server: RedisServer, text: bytes):
    registry.beat([AWAY], seconds=60.0)
    with redis_server.client() as client:
        client.set("portdash:{portdash}:instances:x", text)
        client.sadd("portdash:{portdash}:instances", "x")
    assert len(Roll(registry, state_dir=None).instances(API)) == 1


def test_words_of_others_do_no_harm(registry: Registry):
    registry.beat([replace(AWAY, label="\x1b[2J", workspace="\n", version="\x07", health="great")], seconds=60.0)
    (found,) = Roll(registry, state_dir=None).instances(API)
    assert f"{found.host}{found.workspace}{found.version}{found.health.detail}".isprintable()
    assert found.health.state == "unknown"


def test_the_last_is_served_as_stale_while_the_server_is_away(
    own_redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(roll, "REST", 0.0)
    with closing(Registry(own_redis.url)) as registry:
        registry.beat([AWAY], seconds=60.0)
        first = Roll(registry, state_dir=tmp_path)
        (fresh,) = first.instances(API)
        assert fresh.stale_since is None
        own_redis.kill()
        for each in (first, Roll(registry, state_dir=tmp_path)):
            (stale,) = each.instances(API)
            assert stale.stale_since is not None
            assert replace(stale, stale_since=None) == fresh
        with pytest.raises(StoreUnavailable):
            Roll(registry, state_dir=None).instances(API)
        own_redis.start()
        registry.beat([AWAY], seconds=60.0)
        assert first.instances(API)[0].stale_since is None


def test_a_cluster_is_asked_for_all_and_a_store_for_those_of_others(
    registry: Registry, redis_server: RedisServer, serve_api: ServeApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PORTDASH_STORE", redis_server.url)
    port = serve_api()
    with closing(source_for("api")) as source:
        assert isinstance(source, ClusterSource)
        source.refresh()
        here = source._local.deps.place.host if source._local and source._local.deps else ""
        registry.beat([AWAY, replace(AWAY, host=here, port=1), replace(AWAY, workspace="blog", port=2)], seconds=60.0)
        assert [each.url for each in source.refresh()] == [f"http://localhost:{port}", "http://10.0.0.7:8080"]
        assert source.current() is source.current()
    with closing(source_for("api", cluster=redis_server.url)) as cluster:
        assert sorted(each.port or 0 for each in cluster.refresh()) == [1, 2, 8080]
    with closing(source_for("api", cluster=redis_server.url, workspace="blog")) as cluster:
        assert [each.port for each in cluster.refresh()] == [2]


@pytest.mark.parametrize("variable", ["PORTDASH_STORE", "PORTDASH_CLUSTER_URL"])
def test_all_services_are_those_that_others_announce_as_well(
    own_redis: RedisServer, serve_api: ServeApi, monkeypatch: pytest.MonkeyPatch, variable: str
):
    monkeypatch.setenv(variable, own_redis.url)
    port = serve_api()
    with closing(open_deps(flags=Flags(), cwd=Path.cwd(), environ=os.environ, home=Path.home(), actor="test")) as deps:
        here = deps.place.host
    told = (
        AWAY,
        replace(AWAY, service="Auth", port=8081),
        replace(AWAY, service="web@2", port=8082),
        replace(AWAY, host=here, port=1),
        replace(AWAY, workspace="blog", port=2),
        replace(AWAY, environment="staging", port=3),
    )
    with closing(Registry(own_redis.url)) as registry:
        registry.beat(told, seconds=60.0)
    found = [("api", port), ("api", 8080), ("Auth", 8081), ("web@2", 8082)]
    assert [(each.service, each.port) for each in portdash.discover_all()] == found
    assert [each.port for each in portdash.discover_all(workspace="blog")] == [2]


def test_all_services_are_told_though_a_registry_never_was_there(
    own_redis: RedisServer, serve_api: ServeApi, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("PORTDASH_CLUSTER_URL", own_redis.url)
    port = serve_api()
    own_redis.kill()
    assert [each.port for each in portdash.discover_all()] == [port]
    assert "what other machines announce is not known" in caplog.text


def test_a_registry_that_never_was_there_hides_nothing_of_our_own(
    own_redis: RedisServer, serve_api: ServeApi, tmp_path: Path
):
    port = serve_api()
    own_redis.kill()
    local = source_for("api")
    assert isinstance(local, LocalSource)
    beyond = Cluster("api", [own_redis.url], Config(), state_dir=tmp_path)
    with closing(ClusterSource(beyond, local)) as source:
        assert [each.port for each in source.refresh()] == [port]
    with closing(source_for("api", cluster=own_redis.url)) as cluster, pytest.raises(StoreUnavailable):
        cluster.refresh()


def test_a_client_needs_the_registry_only_to_learn_of_the_first(
    own_redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(roll, "REST", 0.0)
    monkeypatch.chdir(tmp_path)
    own_redis.kill()
    with TestInstance(port=own_port()) as one, portdash.Client("api", cluster=own_redis.url) as client:
        with pytest.raises(portdash.AllInstancesFailed) as raised:
            client.get("/")
        assert isinstance(raised.value.__cause__, StoreUnavailable)
        own_redis.start()
        with closing(Registry(own_redis.url)) as registry:
            registry.beat([replace(AWAY, address="127.0.0.1", port=one.port)], seconds=60.0)
        assert client.get("/").json()["port"] == one.port
        own_redis.kill()
        one.stop()
        with pytest.raises(portdash.AllInstancesFailed):
            client.get("/")
        one.start()
        assert client.get("/").json()["port"] == one.port
        with portdash.Client("api", cluster=own_redis.url) as later:
            assert later.get("/").json()["port"] == one.port


def test_what_runs_here_is_announced_with_its_health(
    registry: Registry, redis_server: RedisServer, serve_api: ServeApi, monkeypatch: pytest.MonkeyPatch
):
    port = serve_api()
    with pytest.raises(UsageError, match="no registry"):
        portdash.announce("api")
    monkeypatch.setenv("PORTDASH_CLUSTER_URL", redis_server.url)
    monkeypatch.setattr(Announcement, "start", lambda self: self)
    announcement = portdash.announce("api", interval=20.0, version="7")
    announcement.beat()
    (found,) = registry.heartbeats()
    assert (found.port, found.health, found.version, found.workspace) == (port, "healthy", "7", "shop")
    with redis_server.client() as client:
        (key,) = client.keys("*instances:*")
        assert 0 < client.pttl(key) <= LIVES * 20_000
    Path(f"ill-{port}").touch()
    announcement.beat()
    assert registry.heartbeats()[0].health == "unhealthy"
    monkeypatch.setattr(Registry, "local_address", lambda _: "10.0.0.1")
    announcement.beat()
    assert registry.heartbeats() == (), "it listens on loopback alone"
    announcement._source.close()


@pytest.fixture
def announce(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Announcement]]:
    """Announce once: `announce(name)`; whatever beats later comes too late for any test."""
    monkeypatch.setenv("PORTDASH_CLUSTER_URL", redis_server.url)
    with ExitStack() as stack:

        def begin(name: str) -> Announcement:
            announcement = portdash.announce(name, interval=3600.0)
            stack.callback(announcement.stop)
            wait_for(lambda: announcement.beats > 0)
            return announcement

        yield begin


Announce = Callable[[str], Announcement]


def test_who_ends_takes_back_itself_alone(registry: Registry, announce: Announce, serve: Serve, free_port: FreePort):
    with closing(portdash.PortManager()) as manager:
        for name in ("api", "api@2"):
            serve(manager.allocate(name, preferred=free_port(), lease=False).port)
    first, other = announce("api"), announce("api@2")
    assert sorted(each.service for each in registry.heartbeats()) == ["api", "api@2"]
    first.stop()
    assert [each.service for each in registry.heartbeats()] == ["api@2"]
    other.stop()
    assert registry.heartbeats() == ()


def test_a_service_is_announced_in_its_own_workspace_and_no_server_of_another_project(
    registry: Registry, announce: Announce, serve: Serve, free_port: FreePort, project: Path
):
    home, other, third = Path.home(), project.parent / "other", project.parent / "third"
    for root in (other, third):
        (root / ".git").mkdir(parents=True)
    os.chdir(other)
    own, strange = portdash.allocate("api", preferred=free_port(), lease=False).port, free_port()
    os.chdir(project)
    serve(own, cwd=other), serve(strange, cwd=third)
    file = user_file(os.environ, home)
    file.parent.mkdir(parents=True)
    file.write_text(f"[discovery]\nrange = '{strange}'\n")
    announce("web")
    assert registry.heartbeats() == ()
    announce("other/api")
    assert [(each.workspace, each.port) for each in registry.heartbeats()] == [("other", own)]


def test_a_workspace_that_is_named_has_its_own_alone(registry: Registry, redis_server: RedisServer, project: Path):
    registry.beat([replace(AWAY, workspace="blog"), replace(AWAY, port=81)], seconds=60.0)
    environ = {**os.environ, "PORTDASH_CLUSTER_URL": redis_server.url}
    with closing(open_deps(flags=Flags(), cwd=project, environ=environ, home=Path.home(), actor="library")) as deps:
        assert [each.port for each in discover(deps, "blog/api")] == [8080]
        assert [each.port for each in discover(deps, "shop/api")] == [81]
        assert sorted(each.port or 0 for each in discover(deps, "api")) == [81, 8080]


def test_the_thread_goes_on_when_the_server_is_back_and_takes_back_what_it_told(
    own_redis: RedisServer, serve_api: ServeApi, caplog: pytest.LogCaptureFixture
):
    port = serve_api()
    own_redis.kill()
    with caplog.at_level(logging.WARNING, "portdash.discovery"):
        source = source_for("api")
        assert isinstance(source, LocalSource)
        announcement = Announcement("api", source, Registry(own_redis.url), interval=0.05).start()
        wait_for(lambda: "nothing is announced for now" in caplog.text)
    own_redis.start()
    with closing(Registry(own_redis.url)) as registry:
        wait_for(lambda: [each.port for each in registry.heartbeats()] == [port])
        announcement.stop()
        assert registry.heartbeats() == ()
    assert caplog.text.count("nothing is announced for now") == 1


def test_run_announces_what_it_runs(registry: Registry, redis_server: RedisServer, project: Path):
    command = ["run", "api", "--", sys.executable, "-IS", str(Path(__file__).with_name("http_server.py"))]
    environ = {**os.environ, "PORTDASH_STORE": redis_server.url, "PORTDASH_HEALTH_INTERVAL": "200ms"}
    running = subprocess.Popen([sys.executable, "-m", "portdash", *command], cwd=project, env=environ)
    try:
        wait_for(lambda: [each.service for each in registry.heartbeats()] == ["api"])
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)
    assert registry.heartbeats() == ()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # a thread of ours announces it to nobody here
