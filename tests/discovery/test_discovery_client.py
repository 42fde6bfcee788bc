"""`Client`, `AsyncClient`, `mounts` and `Workspaces` as programs use them."""

import asyncio
import contextlib
import gc
import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
import pytest
from client_worlds import instance
from own_ports import own_port

import portdash
from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.metrics import Metrics
from portdash.discovery.prometheus import PrometheusMetrics
from portdash.errors import UsageError
from portdash.testing import TestInstance

PATIENCE = 60.0


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[TestInstance, TestInstance]]:
    """Two servers that nobody harms."""
    with TestInstance(port=own_port()) as one, TestInstance(port=own_port()) as other:
        yield one, other


@pytest.fixture
def known(pair: tuple[TestInstance, TestInstance], monkeypatch: pytest.MonkeyPatch) -> TestInstance:
    """The one that a variable names as the service `api`."""
    monkeypatch.setenv("PORTDASH_URL_API", pair[0].url)
    return pair[0]


def balancer(*servers: TestInstance) -> LoadBalancer:
    return LoadBalancer([each.instance for each in servers], "first")


@pytest.mark.usefixtures("known")
def test_a_client_of_a_service_is_an_httpx_client():
    with portdash.Client("api", headers={"X-Mine": "1"}, base_url="/v1") as client:
        assert isinstance(client, httpx.Client)
        assert (client.active_port, client.healthy) == (None, True)  # its URL is fixed
        response = client.get("/users", params={"id": 1})
        assert response.json()["path"] == "/v1/users?id=1"
        assert str(response.url) == "port://api/v1/users?id=1"
        assert response.request.headers["X-Mine"] == "1"


def test_an_absolute_url_goes_where_it_says(pair: tuple[TestInstance, TestInstance]):
    one, other = pair
    with portdash.Client(balancer(one)) as client:
        assert client.get(f"{other.url}/x").json()["port"] == other.port
        assert client.get("/x").json()["port"] == client.active_port == client.port == one.port
        assert isinstance(client.metrics, Metrics)
        assert client.metrics.figures().requests == 1


async def test_the_asynchronous_one_is_the_same(pair: tuple[TestInstance, TestInstance]):
    one, _ = pair
    async with portdash.AsyncClient(balancer(one), timeout=PATIENCE) as client:
        assert isinstance(client, httpx.AsyncClient)
        assert (await client.get("/x")).json()["port"] == client.active_port == client.port == one.port
        assert (await client.discover()).port == one.port
        assert [each.port for each in await client.instances()] == [one.port]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_an_asynchronous_client_outlives_its_loop(pair: tuple[TestInstance, TestInstance]):
    def ask_all() -> list[int]:
        client = portdash.AsyncClient(balancer(pair[0]), timeout=PATIENCE)

        async def ask() -> int:
            return int((await client.get("/x")).json()["port"])

        ports = [asyncio.run(ask()) for _ in range(3)]
        with asyncio.Runner() as one, asyncio.Runner() as other:  # two that are there at once, as in two threads
            ports += [loop.run(ask()) for loop in (one, other, one, other)]
            one.run(client.aclose())
        return ports

    assert ask_all() == 7 * [pair[0].port]
    gc.collect()  # what a closed loop left is warned of here, and in no other test


def test_a_fixed_url_needs_no_name(pair: tuple[TestInstance, TestInstance]):
    with portdash.Client(url=pair[0].url) as client:
        assert client.get("/x").json()["port"] == pair[0].port
    with pytest.raises(UsageError):
        portdash.Client()
    with pytest.raises(TypeError):
        portdash.Client("api", nosuch=1)


@pytest.mark.parametrize("after", [0, -1, float("nan"), "soon"])
def test_a_patience_that_is_none(after: float | str):
    with pytest.raises(UsageError, match="suspect_after="):
        portdash.Client(url="http://127.0.0.1:9", suspect_after=after)


def test_a_cluster_of_urls_fails_over(pair: tuple[TestInstance, TestInstance]):
    dead = f"http://localhost:{own_port()}"
    with portdash.Client(cluster=[dead, pair[1].url]) as client:
        assert client.get("/x").json()["port"] == pair[1].port


def test_where_nothing_runs_it_says_so(caplog: pytest.LogCaptureFixture):
    with portdash.Client("nosuch", logger=logging.getLogger("mine")) as client:
        with pytest.raises(portdash.NoInstances, match="no instance of nosuch was found: no service has that name"):
            client.discover()
        with caplog.at_level(logging.INFO), pytest.raises(portdash.AllInstancesFailed, match="nosuch"):
            client.get("/")
        assert not client.healthy
    assert {each.name for each in caplog.records} == {"mine"}
    (said,) = [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    assert said == "All nosuch instances unavailable: no instance of nosuch was found: no service has that name"


@pytest.mark.usefixtures("unhurried")
def test_a_failover_is_told_to_the_log(pair: tuple[TestInstance, TestInstance], caplog: pytest.LogCaptureFixture):
    dead = own_port()
    there = LoadBalancer([instance(dead), *(each.instance for each in pair)], "first")
    with caplog.at_level(logging.INFO, "portdash.discovery"), portdash.Client(there, suspect_after=None) as client:
        client.get("/")
        client.discover()
    told = [each.getMessage() for each in caplog.records if each.name == "portdash.discovery"]
    assert told == [
        f"Instance {dead} is left alone for a while: refused",
        f"Request goes on from {dead} to {pair[0].port}: refused",
        f"Connected to api on port {pair[0].port}",
    ]


def test_neither_log_nor_error_tells_a_password(
    pair: tuple[TestInstance, TestInstance], caplog: pytest.LogCaptureFixture
):
    dead, well = f"http://me:hunter2@localhost:{own_port()}", f"http://me:hunter2@localhost:{pair[0].port}"
    with caplog.at_level(logging.DEBUG):
        with portdash.Client(cluster=[dead, well], policy="first") as client:
            client.get("/")
            client.discover()
        with portdash.Client(cluster=[dead]) as client, pytest.raises(portdash.AllInstancesFailed) as raised:
            client.get("/")
        with pytest.raises(portdash.NoInstances) as refused:
            portdash.connect("api", url=dead)
    told = caplog.text + str(raised.value) + str(raised.value.__cause__) + str(refused.value)
    assert "***@localhost" in str(raised.value)
    assert "***@localhost" in str(refused.value)
    assert told.count("***@localhost") > 4
    assert "hunter2" not in told


@pytest.mark.usefixtures("known")
def test_one_line_teaches_any_httpx_client():
    with httpx.Client(mounts=portdash.mounts()) as client:
        assert client.get("port://api/users").json()["path"] == "/users"
        with pytest.raises(httpx.ConnectError):
            client.get("port://nosuch/")


async def test_and_any_asynchronous_one(known: TestInstance):
    async with httpx.AsyncClient(mounts=portdash.mounts()) as client:
        assert (await client.get("port://api/users")).json()["port"] == known.port


@pytest.mark.parametrize(("location", "path"), [("/there?a=1", "/there?a=1"), ("there", "/a/there"), ("?b", "/a/b?b")])
def test_redirects_stay_with_the_service(location: str, path: str):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.raw_path == b"/a/b":
            return httpx.Response(302, headers={"Location": location})
        return httpx.Response(200, text=request.url.raw_path.decode())

    with portdash.Client(url="http://localhost:1", transport=httpx.MockTransport(answer)) as client:
        followed = client.get("/a/b", follow_redirects=True)
    assert (followed.text, str(followed.url)) == (path, f"port://service{path}")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_redirect_to_another_host_leaves_the_service(scheme: str):
    answer = httpx.Response(302, headers={"Location": "//other:81/there"})
    carrier = httpx.MockTransport(lambda _: answer)
    with portdash.Client(url=f"{scheme}://me:word@localhost:1", transport=carrier) as client:
        assert str(client.get("/a").next_request.url) == f"{scheme}://other:81/there"  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.faults)])
def test_many_threads_on_one_client(pair: tuple[TestInstance, TestInstance], count: int):
    answers: list[int] = []
    with portdash.Client(balancer(*pair), timeout=PATIENCE) as client:
        threads = [threading.Thread(target=lambda: answers.append(client.get("/").status_code)) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [each.in_flight for each in client.standings()] == [0, 0]
    assert answers == [200] * count


async def test_a_task_that_is_cancelled_leaves_nothing():
    with TestInstance() as slow:
        slow.slow(PATIENCE)
        async with portdash.AsyncClient(balancer(slow), timeout=PATIENCE) as client:
            tasks = [asyncio.create_task(client.get("/")) for _ in range(20)]
            async with asyncio.timeout(PATIENCE):
                while await asyncio.to_thread(lambda: slow.requests) < 20:
                    pass
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert all(task.cancelled() for task in tasks)
            assert [each.in_flight for each in client.standings()] == [0]
            slow.well()
            assert (await client.get("/")).status_code == 200  # they have not kept the pool


@pytest.mark.needs_linux
def test_a_forked_child_has_connections_of_its_own(pair: tuple[TestInstance, TestInstance]):
    with portdash.Client(balancer(*pair)) as client:
        assert client.get("/").status_code == 200
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                os._exit(0 if all(client.get("/").status_code == 200 for _ in range(3)) else 1)
            os._exit(2)
        answers = [client.get("/").status_code for _ in range(3)]
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert answers == [200] * 3


def test_a_port_that_another_process_has_taken_over_is_never_asked(monkeypatch: pytest.MonkeyPatch):
    mine = TestInstance(port=own_port())
    monkeypatch.setenv("PORTDASH_DISCOVERY_TIMEOUT", "1")
    with portdash.Client("api", ports=(mine.port, mine.port), headers={"X-Mine": "1"}, timeout=PATIENCE) as client:
        assert client.get("/").json()["pid"] == mine.pid
        mine.stop()
        with socket.create_server(("127.0.0.1", mine.port)) as thief:
            with pytest.raises(portdash.AllInstancesFailed):
                client.get("/")
            thief.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while peer := thief.accept()[0]:
                    assert b"X-Mine" not in peer.recv(4096)  # a look may have come, the request has not
                    peer.close()


def test_a_monitor_calls_back_when_a_server_ends():
    told: queue.Queue[tuple[int, bool]] = queue.Queue()
    with TestInstance() as one, portdash.Client(source=(source := Living(one))) as client:
        client.on_health_change(lambda port, healthy: told.put((port, healthy)))
        watch = client.monitor("100ms")
        assert client.monitor() is watch
        assert source.was_looked_at.wait(PATIENCE)
        one.stop()
        assert told.get(timeout=PATIENCE) == (one.port, False)
    assert watch._thread is None


def test_a_monitor_that_runs_takes_another_interval():
    looks: queue.SimpleQueue[None] = queue.SimpleQueue()
    with portdash.Client(source=Looked(looks)) as client:
        watch = client.monitor(3600.0)
        looks.get(timeout=PATIENCE)
        assert client.monitor("10ms") is watch
        for _ in range(3):
            looks.get(timeout=PATIENCE)
        client.monitor()  # which says none
        looks.get(timeout=PATIENCE)


class Looked:
    """A source that tells when it is looked at."""

    def __init__(self, looks: queue.SimpleQueue[None]) -> None:
        self._looks = looks

    def current(self) -> tuple[portdash.Instance, ...]:
        return (instance(8080),)

    def refresh(self) -> tuple[portdash.Instance, ...]:
        self._looks.put(None)
        return self.current()

    def close(self) -> None:
        """Nothing to let go of."""


class Held:
    """A source whose looks and whose end take until they are let go on."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.was_let_go: list[bool] = []
        self.is_closed = False

    def current(self) -> tuple[portdash.Instance, ...]:
        return ()

    def refresh(self) -> tuple[portdash.Instance, ...]:
        self.begun.set()
        self.was_let_go.append(self.may_end.wait(PATIENCE))
        return ()

    def close(self) -> None:
        self.refresh()
        self.is_closed = True


async def test_to_close_a_client_holds_up_nobody_else():
    source = Held()
    client = portdash.AsyncClient(source=source)
    client.monitor(3600.0)
    assert await asyncio.to_thread(source.begun.wait, PATIENCE)
    closing = asyncio.create_task(client.aclose())
    await asyncio.sleep(0)
    source.may_end.set()  # by the loop, while the watch and then the source are being closed
    await closing
    assert source.was_let_go == [True, True]


async def test_a_client_of_a_task_that_is_cancelled_is_closed_to_the_end():
    source = Held()
    source.may_end.set()
    with anyio.CancelScope() as scope:
        async with portdash.AsyncClient(source=source) as client:
            watch = client.monitor()
            scope.cancel()
            await client.get("/")
    assert scope.cancelled_caught
    assert watch._thread is None
    assert source.is_closed


async def test_who_is_cancelled_waits_for_no_look():
    source = Held()
    client = portdash.AsyncClient(source=source)
    for ask in (client.discover, client.instances, lambda: client.get("/")):
        source.begun.clear()
        with anyio.move_on_after(PATIENCE) as scope:
            task = asyncio.create_task(asyncio.to_thread(source.begun.wait, PATIENCE))
            task.add_done_callback(lambda _, s=scope: s.cancel())
            await ask()
        assert scope.cancelled_caught
        assert source.was_let_go == []
        await task
    source.may_end.set()
    await client.aclose()


class Living:
    """A source that knows a server as long as it runs."""

    def __init__(self, server: TestInstance) -> None:
        self._server = server
        self.was_looked_at = threading.Event()

    def current(self) -> tuple[portdash.Instance, ...]:
        return (self._server.instance,) if self._server.is_running else ()

    def refresh(self) -> tuple[portdash.Instance, ...]:
        found = self.current()
        self.was_looked_at.set()
        return found

    def close(self) -> None:
        """Nothing to let go of."""


def test_workspaces_keep_a_client_as_long_as_it_is_well():
    with TestInstance(port=own_port()) as own, portdash.Workspaces("api", url=own.url) as workspaces:
        first = workspaces.client("shop")
        assert workspaces.client("shop") is first
        assert workspaces.client("blog") is not first
        own.stop()
        with pytest.raises(httpx.ConnectError):
            first.get("/")
        own.start()
        again = workspaces.client("shop")
        assert again is not first
        assert again.get("/").status_code == 200
        assert first.is_closed
    assert again.is_closed


@pytest.mark.usefixtures("project")
def test_nothing_is_kept_of_workspaces_that_have_no_instance():
    with portdash.Workspaces("nosuch", wait=0) as workspaces:
        for number in range(3):
            with pytest.raises(portdash.NoInstances):
                workspaces.client(f"guess-{number}")
        assert workspaces._seats == {}


def test_importing_portdash_imports_no_httpx():
    code = "import sys, portdash; portdash.LoadBalancer([]); print('httpx' in sys.modules, 'anyio' in sys.modules)"
    code += "; portdash.testing.TestInstance"  # which needs no import of its own
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.needs_linux
def test_a_forked_child_waits_for_no_thread_of_its_parent(known: TestInstance):
    transport, metrics = portdash.mounts()["port://"], PrometheusMetrics()
    workspaces = portdash.Workspaces("api", url=known.url)
    watch = portdash.HealthWatch(balancer().source)

    def use_all() -> bool:
        watch.start()
        watch.stop()
        with httpx.Client(mounts={"port://": transport}) as client:
            return client.get("port://api/").status_code == workspaces.client("shop").get("/").status_code == 200

    with transport._lock, workspaces._lock, metrics._lock, watch._lock:  # as other threads may hold them at a fork
        child = os.fork()
        if child == 0:
            signal.alarm(int(PATIENCE))  # or it would wait for ever
            with contextlib.suppress(BaseException):
                os._exit(0 if use_all() and metrics.of("api").figures().looks == 0 else 1)
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert use_all()
    workspaces.close()


def test_a_workspace_waits_for_no_other_one():
    begun, may_end = threading.Event(), threading.Event()

    def start(workspace: str) -> None:
        if workspace == "slow":
            begun.set()
            may_end.wait(PATIENCE)

    with portdash.Workspaces("nosuch", start=start, wait=0.01) as workspaces, ThreadPoolExecutor(2) as pool:
        slow = pool.submit(workspaces.client, "slow")
        assert begun.wait(PATIENCE)
        quick = pool.submit(workspaces.client, "quick")
        assert isinstance(quick.exception(PATIENCE), portdash.NoInstances)
        assert not slow.done()
        may_end.set()
        assert isinstance(slow.exception(PATIENCE), portdash.NoInstances)
