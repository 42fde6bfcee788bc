"""The HTTP client: what it asks, what it reads, and when it stops."""

import asyncio

import pytest
from health_servers import answering, chunked, response, serving
from hypothesis import given
from hypothesis import strategies as st

from portdash import __version__
from portdash.health.endpoint import Endpoint
from portdash.health.http_client import KeptOpen, NotHttp, fetch
from portdash.health.http_reading import ResponseReader

LONG = 20.0
"""Seconds that no answer of these servers takes."""


async def test_what_is_asked():
    async with answering(response("200 Fine", b"hello", "Server: x/1")) as server:
        answer = await fetch(server.endpoint, "/health?a=1", headers={"X-Token": "t", "accept": "text/x"}, timeout=LONG)
    assert server.requests == [
        f"GET /health?a=1 HTTP/1.1\r\nHost: localhost:{server.endpoint.port}\r\nUser-Agent: portdash/{__version__}\r\n"
        "accept: text/x\r\nAccept-Encoding: identity\r\nConnection: close\r\nX-Token: t\r\n\r\n".encode()
    ]
    assert (answer.version, answer.status, answer.reason, answer.body) == ("1.1", 200, "Fine", b"hello")
    assert (answer.header("SERVER"), answer.header("nope")) == ("x/1", None)
    assert answer.latency_ms > 0


@pytest.mark.parametrize(("path", "headers"), [("/a b", {}), ("/a\r\nX: y", {}), ("/", {"X": "a\r\nY: b"})])
async def test_a_request_that_would_break_the_line_is_not_sent(path: str, headers: dict[str, str]):
    async with answering(response()) as server:
        with pytest.raises(ValueError, match="cannot carry"):
            await fetch(server.endpoint, path, headers=headers, timeout=LONG)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("sent", "status", "body"),
    [
        (response("204 No Content"), 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b""),
        (response("301 Moved", b"x", "Location: /elsewhere"), 301, b"x"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil it closes", 200, b"until it closes"),
        (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, b"ok"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response("200 OK", b"ok"), 200, b"ok"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x00", 101, b""),
        (chunked(b"one ", b"two"), 200, b"one two"),
        (chunked(b"one", trailer="X-Sum: 1\r\n"), 200, b"one"),
    ],
)
async def test_what_is_read(sent: bytes, status: int, body: bytes):
    async with answering(sent) as server:
        answer = await fetch(server.endpoint, timeout=LONG)
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n" + b"x" * 9000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 9000,
        chunked(*[b"x" * 1000] * 9),
    ],
)
async def test_no_more_of_a_body_is_read_than_asked_for(sent: bytes):
    async with answering(sent, closing=False) as server:
        answer = await fetch(server.endpoint, body_limit=100, timeout=LONG)
        none = await fetch(server.endpoint, body_limit=0, timeout=LONG)
    assert (answer.body, none.body) == (b"x" * 100, b"")


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"<html>an older protocol</html>", "does not speak HTTP"),
        (b"-ERR unknown command 'GET'\r\n", "does not speak HTTP"),
        (b"HTTP/2.0 200 OK\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "status line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 5000, "chunks"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000, "headers are longer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 5000, "headers are longer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 5000, "headers are longer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "early"),
        (b"HTTP/1.1 200 OK\r\nX", "early"),
        (b"", "without a word"),
    ],
)
async def test_what_is_no_http(sent: bytes, why: str):
    async with answering(sent) as server:
        with pytest.raises(NotHttp, match=why) as caught:
            await fetch(server.endpoint, timeout=LONG)
    assert caught.value.head == sent[:64]


async def test_a_connection_is_kept_until_the_server_closes_it():
    async with answering(response("200 OK", b"a"), response("200 OK", b"b"), closing=False) as server:
        kept = KeptOpen(server.endpoint)
        assert [(await kept.fetch(timeout=LONG)).body for _ in range(3)] == [b"a", b"b", b"b"]
        assert server.connections == 1
        kept.close()
        assert (await kept.fetch(timeout=LONG)).body == b"b"
        assert server.connections == 2
        kept.close()


async def test_a_connection_that_the_server_closed_is_opened_again():
    async with answering(response("200 OK", b"ok")) as server:
        kept = KeptOpen(server.endpoint)
        for _ in range(5):
            assert (await kept.fetch(timeout=LONG)).status == 200
        assert server.connections == 5
        kept.close()


async def test_a_connection_with_more_than_was_read_is_not_used_again():
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + b"x" * 50, closing=False) as server:
        kept = KeptOpen(server.endpoint)
        for _ in range(3):
            assert (await kept.fetch(body_limit=10, timeout=LONG)).body == b"x" * 10
        assert server.connections == 3
        kept.close()


async def test_the_time_is_for_the_whole():
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        left = asyncio.ensure_future(reader.read())
        while not left.done():
            writer.write(b".")
            await asyncio.wait([left], timeout=0.01)

    async with serving(drip) as server, asyncio.timeout(LONG):
        with pytest.raises(TimeoutError):
            await fetch(server.endpoint, timeout=0.2)
        with pytest.raises(TimeoutError):
            await KeptOpen(server.endpoint).fetch(timeout=0.2)


async def test_nobody_there():
    async with answering(response()) as server:
        pass
    with pytest.raises(ConnectionRefusedError):
        await fetch(server.endpoint, timeout=LONG)


async def test_the_other_loopback_address():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response("200 OK", b"six"))

    try:
        async with serving(serve, address="::1") as server:
            assert (await fetch(Endpoint("::1", server.endpoint.port), timeout=LONG)).body == b"six"
    except OSError:
        pytest.skip("no IPv6 here")


@given(
    body=st.binary(max_size=300),
    cuts=st.lists(st.integers(1, 60), max_size=40),
    limit=st.integers(0, 400),
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=9),
)
def test_the_pieces_do_not_matter(body: bytes, cuts: list[int], limit: int, sizes: list[int]):
    chunks, rest = [], body
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]
    whole = [piece for piece in (*chunks, rest) if piece]
    for sent in (response("200 OK", body), chunked(*whole), b"HTTP/1.0 200 OK\r\n\r\n" + body):
        reader = ResponseReader(body_limit=limit, header_limit=16384)
        left = sent
        for cut in cuts:
            reader.feed(left[:cut])
            left = left[cut:]
        reader.feed(left)
        if not reader.is_done:
            reader.end()
        assert reader.is_done
        assert bytes(reader.body) == body[:limit]


@given(st.binary(max_size=600), st.binary(max_size=600))
def test_nothing_that_comes_is_a_crash(first: bytes, second: bytes):
    for start in (b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        reader = ResponseReader(body_limit=100, header_limit=500)
        try:
            reader.feed(start + first)
            reader.feed(second)
            if not reader.is_done:
                reader.end()
        except NotHttp:
            continue
        assert len(reader.body) <= 100
