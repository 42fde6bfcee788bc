"""The functions of the library that find instances."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import portdash
from portdash.discovery import functions
from portdash.errors import NoInstances, UsageError
from portdash.observer import Observer

Serve = Callable[..., "subprocess.Popen[str]"]
FreePort = Callable[[], int]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """What one test has asked is no answer for the next."""
    yield
    for source in functions._sources.values():
        source.close()
    functions._sources.clear()


@pytest.fixture
def two(project: Path, free_port: FreePort) -> tuple[int, int]:
    """The ports of `api` and `api@2`."""
    assert project.is_dir()
    manager = portdash.PortManager()
    first, second = (manager.allocate(name, preferred=free_port(), lease=False) for name in ("api", "api@2"))
    manager.close()
    return first.port, second.port


def read(connection: socket.socket) -> str:
    with closing(connection):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while data := connection.recv(4096):
            answer += data
    return answer.rpartition(b"\r\n")[2].decode()


def test_the_best_and_all_of_them(two: tuple[int, int], serve: Serve, project: Path):
    for port in two:
        serve(port)
    (project / f"ill-{two[0]}").touch()
    best = portdash.discover("api")
    assert (best.service, best.port, best.url) == ("api@2", two[1], f"http://localhost:{two[1]}")
    assert [each.port for each in portdash.instances("api")] == [two[1], two[0]]
    assert [each.port for each in portdash.discover_all("api")] == [two[1], two[0]]
    assert portdash.url("api") == best.url
    assert portdash.target("api") == f"ipv4:127.0.0.1:{two[1]}"
    portdash.allocate("web", lease=False)
    assert sorted(each.service for each in portdash.discover_all()) == ["api", "api@2"]


def test_all_services_are_found_in_one_snapshot(two: tuple[int, int], serve: Serve, monkeypatch: pytest.MonkeyPatch):
    serve(two[0])
    for name in ("web", "db", "mail"):
        portdash.allocate(name, lease=False)
    looks = []
    look = Observer.snapshot
    monkeypatch.setattr(Observer, "snapshot", lambda self: looks.append(1) or look(self))  # type: ignore[func-returns-value]
    assert [each.service for each in portdash.discover_all()] == ["api"]
    assert len(looks) == 1


def test_none_is_an_error_that_says_where_was_looked(two: tuple[int, int]):
    assert portdash.instances("api") == ()
    for ask in (portdash.discover, portdash.url, portdash.connect):
        with pytest.raises(NoInstances, match=f"nobody listens on port {two[0]} of api"):
            ask("api")
    with pytest.raises(NoInstances, match="did you mean api"):
        portdash.discover("apo")


def test_a_url_is_not_asked_for_again_while_its_server_lives(two: tuple[int, int], serve: Serve):
    server = serve(two[0])
    assert portdash.url("api") == f"http://localhost:{two[0]}"
    (source,) = functions._sources.values()
    before = source.current()
    assert portdash.url("api") == f"http://localhost:{two[0]}"
    assert source.current() is before
    server.kill()
    server.wait()
    serve(two[1])
    assert portdash.url("api") == f"http://localhost:{two[1]}"


def test_a_connection_goes_to_whoever_takes_it(two: tuple[int, int], serve: Serve):
    servers = {port: serve(port) for port in two}
    first = int(read(portdash.connect("api")))
    servers[first].kill()
    servers[first].wait()
    other = int(read(portdash.connect("api")))
    assert {first, other} == set(two)
    servers[other].kill()
    servers[other].wait()
    with pytest.raises(NoInstances):
        portdash.connect("api")


@pytest.mark.usefixtures("project")
def test_a_connection_to_what_is_said(monkeypatch: pytest.MonkeyPatch, free_port: FreePort):
    dead, port = free_port(), free_port()
    with socket.create_server(("127.0.0.1", port)):
        urls = (f"http://127.0.0.1:{dead}", f"http://127.0.0.1:{port}")
        with portdash.connect("db", cluster=urls) as connection:
            assert connection.getpeername()[1] == port
            assert connection.gettimeout() is None
    with pytest.raises(NoInstances, match=f"127.0.0.1:{dead}: Connection refused; .*127.0.0.1:{port}: "):
        portdash.connect("db", cluster=urls)
    monkeypatch.setenv("PORTDASH_URL_DB", "anything://localhost/shop")
    with pytest.raises(NoInstances, match="names no port"):
        portdash.connect("db")


@pytest.mark.usefixtures("project")
def test_a_connection_goes_to_the_usual_port_of_the_scheme(monkeypatch: pytest.MonkeyPatch):
    places: list[tuple[str, int]] = []

    def refuse(place: tuple[str, int], _timeout: float) -> None:
        places.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)  # whoever has these ports on this machine is left alone
    for url in ("postgres://localhost/shop", "redis://[::1]", "https://127.0.0.1"):
        with pytest.raises(NoInstances, match="takes a connection"):
            portdash.connect("db", url=url)
    assert places == [("localhost", 5432), ("::1", 6379), ("127.0.0.1", 443)]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://localhost:50051", "ipv4:127.0.0.1:50051"),
        ("http://127.0.0.2:50051", "ipv4:127.0.0.2:50051"),
        ("http://[::1]:50051", "ipv6:[::1]:50051"),
        ("http://u:p@api.example:50051/x", "dns:api.example:50051"),
        ("https://api.example", "dns:api.example:443"),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_target_is_of_the_kind_that_grpc_reads(url: str, target: str):
    assert portdash.target("api", url=url) == target


@pytest.mark.usefixtures("project")
def test_a_target_holds_one_kind_and_never_nothing(free_port: FreePort):
    port = free_port()
    kind, _, places = portdash.target(
        "api", cluster=[f"http://{host}:{port}" for host in ("127.0.0.1", "[::1]", "127.0.0.2")]
    ).partition(":")
    of_kind = {"ipv4": {f"127.0.0.1:{port}", f"127.0.0.2:{port}"}, "ipv6": {f"[::1]:{port}"}}  # the best one has a say
    assert set(places.split(",")) == of_kind[kind]
    with pytest.raises(NoInstances, match="names a port"):
        portdash.target("api", url="anything://localhost")


@pytest.mark.parametrize("said", [{"wait": 3}, {"url": "http://localhost:1"}, {"weight": 3}])
@pytest.mark.usefixtures("project")
def test_what_cannot_be_said_of_every_service_is_not_passed_over(said: dict[str, object]):
    with pytest.raises(UsageError, match="of every service"):
        portdash.discover_all(**said)


@pytest.mark.usefixtures("project")
def test_what_cannot_be_hashed_is_a_slip_like_another():
    with pytest.raises(UsageError, match="start="):
        portdash.discover("api", start={"uvicorn": 1})


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "soon", True])
@pytest.mark.usefixtures("project")
def test_a_timeout_that_is_none(timeout: float | str):
    with pytest.raises(UsageError, match="timeout="):
        portdash.connect("db", url="http://127.0.0.1:9", timeout=timeout)


@pytest.mark.usefixtures("project")
def test_a_wait_may_be_said_as_in_the_configuration():
    with pytest.raises(NoInstances, match=r"was found within 0.001 s"):
        portdash.discover("api", wait="1ms")
    with pytest.raises(NoInstances, match="was found: "):
        portdash.discover("api", wait=0)


def test_many_threads_share_one_source(two: tuple[int, int], serve: Serve):
    serve(two[0])
    with ThreadPoolExecutor(32) as pool:
        urls = set(pool.map(lambda _: portdash.url("api"), range(500)))
    assert urls == {f"http://localhost:{two[0]}"}
    assert len(functions._sources) == 1


def test_importing_portdash_loads_no_client_and_asks_nobody():
    code = "import sys, portdash; print(*{'httpx', 'redis', 'asyncio', 'prometheus_client'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
