"""Instances that flap, hang half open or say nothing, and requests that their own side breaks off; both drivers."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from client_faces import FACES, Face, kinds, route
from client_worlds import instance
from own_ports import own_port

import portdash
from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.breaker import Circuit
from portdash.discovery.instance import Instance
from portdash.testing import TestInstance

pytestmark = pytest.mark.usefixtures("unhurried")

PATIENCE = 60.0
Connect = Callable[..., Face]
HalfOpen = Callable[[bytes], Instance]


@pytest.fixture(params=sorted(FACES))
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    with contextlib.ExitStack() as stack:

        def make(*instances: Instance, **options: object) -> Face:
            face: Face = FACES[request.param](LoadBalancer(instances, "first"), **options)
            stack.callback(face.close)
            return face

        yield make


@pytest.fixture
def half_open() -> Iterator[HalfOpen]:
    """Servers that answer the first request of a connection with some bytes, say no more, and go on listening to it."""
    with contextlib.ExitStack() as stack:

        def start(answer: bytes) -> Instance:
            listening = stack.enter_context(socket.create_server(("127.0.0.1", own_port())))

            def hold(connection: socket.socket) -> None:
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass

            def serve() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        threading.Thread(target=hold, args=(listening.accept()[0],), daemon=True).start()

            threading.Thread(target=serve, daemon=True).start()
            stack.callback(listening.shutdown, socket.SHUT_RDWR)
            return instance(listening.getsockname()[1])

        yield start


@pytest.fixture(scope="module")
def well() -> Iterator[TestInstance]:
    with TestInstance(port=own_port()) as one:
        yield one


def in_flight(face: Face) -> list[int]:
    return [each.in_flight for each in face.transport.settings.balancer.standings()]


def test_of_two_that_come_and_go_in_turn_one_always_answers(connect: Connect):
    with TestInstance(port=own_port()) as one, TestInstance(port=own_port()) as other:
        face = connect(instance(one.port), instance(other.port))
        for _ in range(4):
            for down, up in ((one, other), (other, one)):
                down.stop()
                for method in ("GET", "POST"):
                    assert face.send(method, content=b"x").json()["port"] == up.port
                down.start()
        assert in_flight(face) == [0, 0]
        one.stop(), other.stop()
        with pytest.raises(portdash.AllInstancesFailed) as raised:
            face.send()
        assert len(raised.value.attempts) == 2


def test_one_that_closes_its_half_without_an_answer_is_left(connect: Connect, half_open: HalfOpen, well: TestInstance):
    face = connect(half_open(b""), well.instance)
    assert kinds(face.send()) == ["closed", "answered"]
    with pytest.raises(httpx.RemoteProtocolError):
        face.send("POST")  # it was read, and nobody knows what came of it
    assert in_flight(face) == [0, 0]


def test_a_connection_that_was_half_closed_after_an_answer_is_not_used_again(connect: Connect, half_open: HalfOpen):
    face = connect(half_open(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    for method in ("GET", "POST", "GET"):
        response = face.send(method)
        assert response.text == "ok"
        while not response.extensions["network_stream"].get_extra_info("is_readable"):
            pass  # until the end of its half has come: before that nobody can know
    assert in_flight(face) == [0]


def test_half_an_answer_is_no_answer(connect: Connect, half_open: HalfOpen, well: TestInstance):
    face = connect(half_open(b"HTTP/1.1 200 OK\r\nContent-Le"), well.instance)
    response = face.send()
    assert (kinds(response), route(response).port) == (["garbage", "answered"], well.port)


def test_a_body_that_its_own_side_breaks_off_is_nobodys_failure(well: TestInstance):
    def body() -> Iterator[bytes]:
        yield b"part"
        raise ValueError("no more")

    balancer = LoadBalancer([well.instance], "first")
    with portdash.Client(balancer) as client:
        for _ in range(8):
            with pytest.raises(ValueError, match="no more"):
                client.post("/", content=body())
        (standing,) = client.standings()
        assert (standing.in_flight, standing.circuit) == (0, Circuit.CLOSED)
        assert client.get("/").status_code == 200


async def test_so_is_an_asynchronous_one(well: TestInstance):
    async def body() -> AsyncIterator[bytes]:
        yield b"part"
        raise ValueError("no more")

    async with portdash.AsyncClient(LoadBalancer([well.instance], "first")) as client:
        for _ in range(8):
            with pytest.raises(ValueError, match="no more"):
                await client.post("/", content=body())
        (standing,) = client.standings()
        assert (standing.in_flight, standing.circuit) == (0, Circuit.CLOSED)
        assert (await client.get("/")).status_code == 200


async def test_a_task_that_is_cancelled_amid_an_answer_leaves_nothing():
    begun = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError), contextlib.closing(writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart")
            await reader.read()

    async def read(client: portdash.AsyncClient) -> None:
        async with client.stream("GET", "/") as answer:
            async for _ in answer.aiter_bytes():
                begun.set()

    async with await asyncio.start_server(endless, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with portdash.AsyncClient(LoadBalancer([instance(port)], "first"), timeout=PATIENCE) as client:
            task = asyncio.create_task(read(client))
            async with asyncio.timeout(PATIENCE):
                await begun.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            (standing,) = client.standings()
            assert (standing.in_flight, standing.circuit) == (0, Circuit.CLOSED)


def test_twenty_mute_servers_of_a_range_hold_up_nobody(serve: Callable[[int], object], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORTDASH_DISCOVERY_TIMEOUT", str(10 * PATIENCE))
    with contextlib.ExitStack() as stack:
        ports = [own_port() for _ in range(21)]
        serve(ports[0])
        for port in ports[1:]:
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        found: list[int | None] = []

        def ask() -> None:
            with portdash.Client("web", ports=(min(ports), max(ports))) as client:
                client.get("/").raise_for_status()
                found.append(client.active_port)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(PATIENCE)
    (port,) = found
    assert port not in ports[1:]  # a server of somebody else's tests may be in the range as well
