"""Both drivers against real servers that end, hang, fail, and come back."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partialmethod

import httpx
import pytest
from client_faces import FACES, URL, Face, kinds, route
from client_worlds import FakeClock, instance
from own_ports import own_port

from portdash.discovery import trip
from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.failures import AllInstancesFailed
from portdash.discovery.instance import Instance
from portdash.discovery.metrics import Metrics
from portdash.discovery.policy import Kind
from portdash.discovery.suspicion import Watch
from portdash.discovery.wire import MOST_POOLS, AsyncWire, Wire
from portdash.errors import NoInstances, StoreError
from portdash.model.health import Health
from portdash.testing import TestInstance

pytestmark = pytest.mark.usefixtures("unhurried")

Connect = Callable[..., Face]
PATIENCE = 30.0
SOON = 0.05
"""Seconds after which a server that is to be suspected is."""


@pytest.fixture(scope="module")
def _servers() -> Iterator[list[TestInstance]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(TestInstance(port=own_port())) for _ in range(3)]


@pytest.fixture
def servers(_servers: list[TestInstance]) -> Iterator[list[TestInstance]]:
    """Three servers that do well; what a test does to them is put right after it."""
    yield _servers
    for each in _servers:
        each.well() if each.is_running else each.start()


@pytest.fixture(params=sorted(FACES))
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    """Make clients of each kind: `connect(balancer_or_servers, **options)`; the first server is the first choice."""
    with contextlib.ExitStack() as stack:

        def make(what: LoadBalancer | list[TestInstance], **options: object) -> Face:
            balancer = what if isinstance(what, LoadBalancer) else LoadBalancer([x.instance for x in what], "first")
            face: Face = FACES[request.param](balancer, **options)
            stack.callback(face.close)
            return face

        yield make


@pytest.fixture
def odd() -> Iterator[Callable[..., Instance]]:
    """Servers that answer every connection with some bytes and close it."""
    with contextlib.ExitStack() as stack:

        def start(answer: bytes, address: str = "127.0.0.1") -> Instance:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            listening = stack.enter_context(socket.create_server((address, own_port()), family=family))

            def serve() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        connection, _ = listening.accept()
                        with connection:
                            connection.recv(65536)
                            connection.sendall(answer)

            thread = threading.Thread(target=serve, daemon=True)
            thread.start()
            stack.callback(listening.shutdown, socket.SHUT_RDWR)
            return instance(listening.getsockname()[1])

        yield start


def test_a_request_reaches_an_instance_under_its_own_name(connect: Connect, servers: list[TestInstance]):
    response = connect(servers).send(headers={"X-Mine": "1"})
    told = response.json()
    assert (told["path"], told["host"]) == ("/users?id=1", f"localhost:{servers[0].port}")
    assert route(response).port == told["port"] == servers[0].port
    assert route(response).attempts[0].seconds > 0


@pytest.mark.parametrize("address", sorted({str(place[0]) for *_, place in socket.getaddrinfo("localhost", None)}))
def test_localhost_is_reached_at_each_of_its_addresses(connect: Connect, odd: Callable[..., Instance], address: str):
    face = connect(LoadBalancer([odd(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", address)]))
    assert face.send().text == "ok"


def test_the_path_of_a_fixed_url_comes_first(connect: Connect, servers: list[TestInstance]):
    at = servers[0].instance
    based = Instance(service="api", url=f"{at.url}/v1/", health=at.health)
    assert connect(LoadBalancer([based])).send().json()["path"] == "/v1/users?id=1"


def test_after_a_death_the_next_request_is_answered_by_another(connect: Connect, servers: list[TestInstance]):
    face = connect(servers)
    face.send()
    servers[0].stop()
    for method in ("GET", "POST"):
        response = face.send(method, content=b"x")
        assert (response.status_code, route(response).port) == (200, servers[1].port)


def test_what_a_dead_one_never_got_may_go_on_even_from_a_generator(connect: Connect, servers: list[TestInstance]):
    servers[0].stop()
    assert kinds(connect(servers).send_parts("POST", 3)) == ["refused", "answered"]


def test_a_server_that_comes_back_is_used_again(connect: Connect, servers: list[TestInstance]):
    face = connect([servers[0]])
    servers[0].stop()
    with pytest.raises(AllInstancesFailed):
        face.send()
    servers[0].start()
    assert face.send().status_code == 200  # its breaker is open, and there is no other


def test_a_hung_one_is_left_for_another_and_then_not_even_asked(connect: Connect):
    with TestInstance() as hung, TestInstance() as well:
        hung.hang()
        # No process is known: that it reads nothing is all that there is to see. No time passes for a breaker to close.
        blind = LoadBalancer([instance(hung.port), well.instance], "first", clock=FakeClock())
        face = connect(blind, suspect_after=SOON)
        assert kinds(face.send()) == ["hung", "answered"]
        assert kinds(face.send()) == ["answered"]
        face = connect([hung, well], suspect_after=SOON)
        for method in ("GET", "POST"):
            assert kinds(face.send(method, content=b"x"))[-1] == "answered"


def test_one_that_hangs_while_it_works_is_left(connect: Connect):
    with TestInstance() as working, TestInstance() as well:
        working.slow(PATIENCE)
        face = connect([working, well], suspect_after=SOON)
        stop = threading.Thread(target=lambda: (_until(lambda: working.requests == 1), working.hang()))
        stop.start()
        response = face.send()
        stop.join()
        assert kinds(response) == ["hung", "answered"]


def _until(holds: Callable[[], bool]) -> None:
    while not holds():
        pass


@pytest.mark.parametrize("one_at_a_time", [False, True])
def test_a_slow_one_that_works_is_waited_for_and_nobody_else_asked(
    connect: Connect, one_at_a_time: bool, monkeypatch: pytest.MonkeyPatch
):
    looks: list[bool] = []
    with TestInstance(one_at_a_time=one_at_a_time) as slow, TestInstance() as other:
        slow.slow(0.5)
        for number, known in enumerate((slow.instance, instance(slow.port)), start=1):
            monkeypatch.setattr(Watch, "look", partialmethod(_look_once_read, slow, number, looks))
            face = connect(LoadBalancer([known, other.instance], "first"), suspect_after=0.02)
            assert kinds(face.send()) == ["answered"]
        assert (slow.requests, other.requests) == (2, 0)
    assert looks
    assert not any(looks)


def _look_once_read(watch: Watch, server: TestInstance, number: int, looks: list[bool], *ends: object) -> bool:
    """Look as ever, but only when the server has read its request: on a busy machine that may be late."""
    _until(lambda: server.requests >= number)
    looks.append(LOOK(watch, *ends))
    return looks[-1]


LOOK = Watch.look


def test_what_waits_behind_a_slow_one_of_one_thread_goes_elsewhere(connect: Connect):
    with TestInstance(one_at_a_time=True) as busy, TestInstance() as other:
        with socket.create_connection(("127.0.0.1", busy.port)) as first:
            first.sendall(b"GET /")  # it waits for the rest of this
            face = connect(LoadBalancer([busy.instance, other.instance], "first"), suspect_after=SOON)
            assert kinds(face.send()) == ["hung", "answered"]
        assert other.requests == 1


@pytest.mark.parametrize(("method", "headers"), [("POST", {}), ("PATCH", {})])
def test_what_must_not_be_repeated_waits_for_the_one_that_has_it(
    connect: Connect, servers: list[TestInstance], method: str, headers: dict[str, str]
):
    with TestInstance(one_at_a_time=True) as busy:
        face = connect(LoadBalancer([instance(busy.port), servers[1].instance], "first"))
        first = socket.create_connection(("127.0.0.1", busy.port))
        first.sendall(b"GET /")
        with pytest.raises(httpx.ReadTimeout):
            face.send(method, headers=headers, timeout=httpx.Timeout(PATIENCE, read=0.3))
        first.close()
    assert servers[1].requests == 0


def test_a_connection_that_closes_without_an_answer(
    connect: Connect, odd: Callable[..., Instance], servers: list[TestInstance]
):
    face = connect(LoadBalancer([odd(b""), servers[0].instance], "first"))
    assert kinds(face.send()) == ["closed", "answered"]
    with pytest.raises(httpx.TransportError) as raised:
        face.send("POST")
    assert not isinstance(raised.value, AllInstancesFailed)
    assert kinds(face.send("POST", headers={"Idempotency-Key": "1"})) == ["closed", "answered"]
    assert servers[0].requests == 2
    unsafe = connect(LoadBalancer([odd(b""), servers[0].instance], "first"), retry_unsafe=True)
    assert kinds(unsafe.send("POST")) == ["closed", "answered"]
    with pytest.raises(httpx.TransportError):
        unsafe.send_parts("POST", 3)


@pytest.mark.parametrize("answer", [b"\x00\xff\x1b]0;owned\x07" * 50, b"HTTP/1.1 200 OK\r\nX-More: ", b"SSH-2.0-x\r\n"])
def test_what_is_no_answer_counts_as_none(
    connect: Connect, odd: Callable[..., Instance], servers: list[TestInstance], answer: bytes
):
    face = connect(LoadBalancer([odd(answer), servers[0].instance], "first"))
    assert kinds(face.send()) == ["garbage", "answered"]
    alone = connect(LoadBalancer([odd(answer)]))
    with pytest.raises(AllInstancesFailed) as raised:
        alone.send()
    assert raised.value.message.isprintable()


def test_an_answer_that_breaks_off_is_an_error_and_counts(
    connect: Connect, odd: Callable[..., Instance], servers: list[TestInstance]
):
    half = odd(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    balancer = LoadBalancer([half, servers[0].instance], "first", clock=FakeClock())
    face = connect(balancer)
    for _ in range(5):
        with pytest.raises(httpx.RemoteProtocolError):
            face.send()
    assert [each.in_flight for each in balancer.standings()] == [0, 0]
    assert route(face.send()).port == servers[0].port  # its breaker has opened


def test_unavailable_goes_to_one_other(connect: Connect, servers: list[TestInstance]):
    servers[0].fail(503)
    face = connect(servers)
    assert kinds(face.send()) == ["unavailable", "answered"]
    response = face.send("POST")
    assert (response.status_code, kinds(response)) == (503, ["unavailable"])
    servers[1].fail(502)
    response = face.send()
    assert (response.status_code, kinds(response)) == (502, ["unavailable", "unavailable"])
    assert servers[2].requests == 0


def test_unavailable_is_handed_over_where_all_others_are_dead(connect: Connect, servers: list[TestInstance]):
    servers[0].fail(503)
    servers[1].stop()
    balancer = LoadBalancer([servers[0].instance, servers[1].instance], "first")
    response = connect(balancer).send()
    assert (response.status_code, response.json()["port"]) == (503, servers[0].port)
    assert kinds(response) == ["unavailable", "refused"]
    assert [each.in_flight for each in balancer.standings()] == [0, 0]


def test_an_error_of_the_application_is_its_answer(connect: Connect, servers: list[TestInstance]):
    servers[0].fail(500)
    response = connect(servers).send()
    assert (response.status_code, kinds(response)) == (500, ["answered"])


def test_where_all_are_dead_every_attempt_is_listed_once(connect: Connect):
    ports = [own_port() for _ in range(3)]
    face = connect(LoadBalancer(map(instance, ports), "first", name="api\x1b[2J"))
    with pytest.raises(AllInstancesFailed) as raised:
        face.send("POST")
    error = raised.value
    assert [(each.instance.port, each.verdict.kind) for each in error.attempts] == [(p, Kind.REFUSED) for p in ports]
    assert all(f"port {port} refused" in error.message for port in ports)
    assert error.message.isprintable()
    assert isinstance(error, httpx.ConnectError)
    assert isinstance(error, NoInstances)
    assert isinstance(error.__cause__, httpx.ConnectError)
    assert error.request.method == "POST"


class Moving:
    """A source that finds something else at each look."""

    def __init__(self, *looks: tuple[Instance, ...] | StoreError) -> None:
        self.looks = list(looks)
        self.known: tuple[Instance, ...] = ()
        self.is_closed = False

    def current(self) -> tuple[Instance, ...]:
        return self.known

    def refresh(self) -> tuple[Instance, ...]:
        found = self.looks.pop(0)
        if isinstance(found, StoreError):
            raise found
        self.known = found
        return found

    def close(self) -> None:
        self.is_closed = True


def test_it_looks_at_the_first_request_and_again_when_all_have_gone(connect: Connect, servers: list[TestInstance]):
    source = Moving((servers[0].instance,), (servers[1].instance,))
    metrics = Metrics()
    face = connect(LoadBalancer(source, name="api"), metrics=metrics)
    assert route(face.send()).port == servers[0].port
    servers[0].stop()
    assert kinds(face.send()) == ["refused", "answered"]
    assert source.looks == []
    figures = metrics.figures()
    assert (figures.looks, figures.requests, figures.failures, figures.failover_count) == (2, 3, 1, 1)


def test_a_look_that_fails_is_the_cause(connect: Connect):
    face = connect(LoadBalancer(Moving(StoreError("the store is away", hint="wait")), name="api"))
    with pytest.raises(AllInstancesFailed, match="no instance of api was found: the store is away") as raised:
        face.send()
    assert raised.value.hint == "wait"
    assert isinstance(raised.value.__cause__, StoreError)


def test_a_full_backlog_is_given_up_soon_where_there_is_another(
    connect: Connect, servers: list[TestInstance], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(trip, "CONNECT_LIMIT", 0.1)
    with socket.create_server(("127.0.0.1", own_port()), backlog=0) as full, contextlib.ExitStack() as stack:
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        face = connect(LoadBalancer([instance(full.getsockname()[1]), servers[0].instance], "first"))
        assert kinds(face.send("POST")) == ["no room", "answered"]


def test_the_callers_time_is_all_there_is(connect: Connect, servers: list[TestInstance]):
    servers[0].slow(PATIENCE)
    with pytest.raises(httpx.ReadTimeout):
        connect(servers).send(timeout=httpx.Timeout(PATIENCE, read=0.2))
    assert servers[1].requests == 0


def test_a_plain_transport_of_httpx_can_carry_it(servers: list[TestInstance]):
    servers[0].stop()
    face = FACES["sync"](LoadBalancer([x.instance for x in servers], "first"), transport=httpx.HTTPTransport())
    assert kinds(face.send()) == ["refused", "answered"]
    face.close()


@pytest.mark.parametrize("kind", sorted(FACES))
def test_a_url_s_user_and_password_go_to_its_instance_alone(kind: str):
    heard: list[tuple[str, str | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append((request.headers["Host"], request.headers.get("Authorization")))
        return httpx.Response(503 if request.url.host == "one" else 200)

    urls = ("http://me:p%40ss@one:81", "http://two:82")
    there = LoadBalancer([Instance(service="api", url=url, health=Health()) for url in urls], "first")
    face = FACES[kind](there, transport=httpx.MockTransport(answer))
    assert face.send().status_code == 200
    assert heard == [("one:81", httpx_would_say("http://me:p%40ss@one:81")), ("two:82", None)]
    heard.clear()
    face.send(auth=("other", "word"))  # whoever says it at the request means it
    assert {auth for _, auth in heard} == {httpx_would_say("http://other:word@one")}
    face.close()


def httpx_would_say(url: str) -> str:
    """Return the Authorization header that a client of httpx sends to a URL."""
    echo = httpx.MockTransport(lambda request: httpx.Response(200, text=request.headers["Authorization"]))
    with httpx.Client(transport=echo) as client:
        return client.get(url).text


@pytest.mark.parametrize("location", ["http://[::1", "http://a:b/", "//:x", "http://\x00/"])
@pytest.mark.parametrize("kind", sorted(FACES))
def test_a_redirect_that_leads_nowhere_is_passed_on(kind: str, location: str):
    carrier = httpx.MockTransport(lambda _: httpx.Response(302, headers={"Location": location}))
    face = FACES[kind](LoadBalancer([instance(1)]), transport=carrier)
    for url in (URL, "port://api/users"):
        with pytest.raises(httpx.RemoteProtocolError):  # as any client of httpx has it
            face.send(url=url)
    assert [each.in_flight for each in face.transport.settings.balancer.standings()] == [0]
    face.close()


def test_forms_can_be_sent_again(connect: Connect, odd: Callable[..., Instance], servers: list[TestInstance]):
    face = connect(LoadBalancer([odd(b""), servers[0].instance], "first"))
    assert kinds(face.send("PUT", files={"file": b"content"}, data={"a": "b"})) == ["closed", "answered"]


def test_closing_lets_go_of_the_source(connect: Connect):
    source = Moving()
    connect(LoadBalancer(source, name="api")).close()
    assert source.is_closed


async def test_connections_to_places_that_are_gone_are_let_go():
    wire, async_wire = Wire(), AsyncWire()
    for port in range(1, 3 * MOST_POOLS):
        wire._new_pool((b"http", b"localhost", port))
        await async_wire._new_pool((b"http", b"localhost", port))
        assert max(len(wire._pools), len(async_wire._pools)) <= MOST_POOLS
    wire.close()
    await async_wire.aclose()
