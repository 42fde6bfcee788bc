"""Handshakes with servers that say, byte for byte, what the real ones were heard to say; and with those that do not."""

import asyncio
import os

import pytest
from health_servers import serving
from own_ports import own_port

from portdash.health.endpoint import Endpoint
from portdash.health.handshakes import (
    HANDSHAKES,
    NEVER_CONNECTED,
    PROTOCOLS,
    Handshake,
    exchange,
    handshake_for,
    is_noted,
)
from portdash.model.health import Health, HealthLevel, HealthState
from portdash.model.server_kinds import TITLES

LONG = 20.0
"""Seconds that nothing here takes."""
HELLO = (
    b"*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:3\r\n"
    b"$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
)
VALKEY = HELLO.replace(b"$5\r\nredis", b"$6\r\nvalkey").replace(b"$6\r\n7.0.15", b"$5\r\n8.1.4")
NOAUTH = (
    b"-NOAUTH Authentication required.\r\n-NOAUTH HELLO must be called with the client already authenticated, "
    b"otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
    b"protocol version at the same time\r\n+OK\r\n"
)
NATS = (
    b'INFO {"server_id":"NCNR24I6TIXOTKRZJR2N","server_name":"NCNR","version":"2.9.10","proto":1,"go":"go1.19.8",'
    b'"host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576,"client_id":5,"client_ip":"127.0.0.1"} \r\n'
)
START = (
    b"\x01\x00\x00\x00\x00\x01\xf0\x00\n\x00\n\x00\t\x00\x00\x01\xcb\x0ccapabilitiesF\x00\x00\x00\x16"
    b"\x12publisher_confirmst\x01\x07productS\x00\x00\x00\x08RabbitMQ\x07versionS\x00\x00\x00\x063.10.8"
    b"\x00\x00\x00\x0ePLAIN AMQPLAIN\x00\x00\x00\x05en_US\xce"
)
STATS = b'OK 957\r\n---\ncurrent-jobs-urgent: 0\npid: 9606\nversion: "1.12"\nrusage-utime: 0.001\n\r\n'

ANSWERS = [
    ("redis", b"+PONG\r\n" + HELLO + b"+OK\r\n", "healthy", "Redis 7.0.15"),
    ("redis", b"+PONG\r\n" + VALKEY + b"+OK\r\n", "healthy", "Valkey 8.1.4"),
    ("redis", b"+PONG\r\n-ERR unknown command `HELLO`\r\n+OK\r\n", "healthy", "Redis"),
    ("redis", NOAUTH, "healthy", "Redis, wants a password"),
    ("redis", b"-LOADING Redis is loading the dataset in memory\r\n", "starting", "LOADING Redis is loading the"),
    ("redis", b"-MASTERDOWN Link with MASTER is down\r\n", "degraded", "MASTERDOWN Link with MASTER is down"),
    ("redis", b"-ERR max number of clients reached\r\n", "unhealthy", "ERR max number of clients reached"),
    ("redis", b"-DENIED Redis is running in protected mode\r\n", "healthy", "Redis, answers DENIED"),
    ("postgres", b"G", "healthy", "PostgreSQL"),
    ("postgres", b"N", "healthy", "PostgreSQL"),
    ("postgres", b"EFATAL:  unsupported frontend protocol 1234.5680\0", "healthy", "PostgreSQL, older than 12"),
    ("nats", NATS, "healthy", "NATS 2.9.10"),
    ("nats", b"INFO {}\r\n", "healthy", "NATS"),
    ("nats", b"-ERR 'maximum connections exceeded'\r\n", "unhealthy", "'maximum connections exceeded'"),
    ("mosquitto", b"\x20\x02\x00\x00", "healthy", "MQTT broker"),
    ("mosquitto", b"\x20\x02\x00\x05", "healthy", "MQTT broker, lets in only who it knows"),
    ("mosquitto", b"\x20\x02\x00\x03", "unhealthy", "the broker is not available, it says"),
    ("memcached", b"VERSION 1.6.18\r\n", "healthy", "memcached 1.6.18"),
    ("beanstalkd", STATS, "healthy", "beanstalkd 1.12"),
    ("smtp", b"220 mx.example ESMTP Postfix\r\n", "healthy", "mx.example ESMTP Postfix"),
    ("smtp", b"421 too busy\r\n", "unhealthy", "too busy"),
    ("ssh", b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n", "healthy", "OpenSSH 9.2p1"),
    ("amqp", START, "healthy", "RabbitMQ 3.10.8"),
    ("amqp", b"AMQP\x00\x00\x09\x01", "healthy", "AMQP broker of another version"),
]


def way(name: str) -> Handshake:
    return PROTOCOLS.get(name) or HANDSHAKES[name]


async def say(name: str, *pieces: bytes, timeout: float = LONG) -> tuple[Health, bytes]:  # noqa: ASYNC109
    """Let a server say something, piece by piece, and hear it out; return the verdict and all that it heard."""
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        while data := await reader.read(4096):
            heard.extend(data)
        ended.set()

    ended = asyncio.Event()
    async with serving(serve) as server:
        verdict = await way(name)(server.endpoint, timeout)
        await asyncio.wait_for(ended.wait(), LONG)
    return verdict, bytes(heard)


@pytest.mark.parametrize(("name", "answer", "state", "detail"), ANSWERS)
async def test_what_a_server_says_is_understood(name: str, answer: bytes, state: str, detail: str):
    verdict, _ = await say(name, answer)
    assert (verdict.state, verdict.level) == (state, HealthLevel.PROTOCOL)
    assert verdict.detail.startswith(detail)
    assert verdict.latency_ms is not None


@pytest.mark.parametrize(("name", "answer", "state", "detail"), [each for each in ANSWERS if len(each[1]) < 100])
async def test_byte_by_byte_it_is_the_same(name: str, answer: bytes, state: str, detail: str):
    verdict, _ = await say(name, *(answer[place : place + 1] for place in range(len(answer))))
    assert (verdict.state, verdict.detail[: len(detail)]) == (state, detail)


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("redis", b"+PONG\r\n" + HELLO, b"PING\r\nHELLO\r\nQUIT\r\n"),
        ("postgres", b"G", bytes.fromhex("0000000804d21630")),
        ("nats", NATS, b""),
        (
            "mosquitto",
            b"\x20\x02\x00\x00",
            b"\x10\x1b\x00\x04MQTT\x04\x02\x00\x0a\x00\x0fportdash<PID>\xe0\x00",
        ),
        ("memcached", b"VERSION 1.6.18\r\n", b"version\r\nquit\r\n"),
        ("smtp", b"220 x ESMTP\r\n", b"QUIT\r\n"),
        ("ssh", b"SSH-2.0-x_1\r\n", b"SSH-2.0-portdash\r\n"),
    ],
)
async def test_no_more_is_said_than_that(name: str, answer: bytes, said: bytes):
    assert (await say(name, answer))[1] == said.replace(b"<PID>", b"%07d" % os.getpid())


STRANGERS = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\0" * 40,
    b"\x16\x03\x01\x02\x00",
    b"?\r\n",
    b"\x1b]0;pwned\x07\x1b[2J",
]


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
@pytest.mark.parametrize("answer", STRANGERS)
async def test_another_protocol_is_told_at_once_and_shown_harmlessly(name: str, answer: bytes):
    verdict, _ = await say(name, answer)
    assert (verdict.state, verdict.level) == (HealthState.UNHEALTHY, HealthLevel.PROTOCOL)
    assert verdict.detail.startswith("not ")
    assert verdict.detail.isprintable()


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
async def test_a_server_that_hangs_up_without_a_word_is_not_well(name: str):
    async def serve(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        return

    async with serving(serve) as server:
        verdict = await way(name)(server.endpoint, LONG)
    assert verdict.state is HealthState.UNHEALTHY
    assert verdict.detail in ("it hung up without a word", "it broke the connection off")


@pytest.mark.parametrize("name", [*PROTOCOLS, "rabbitmq"])
async def test_a_mute_server_costs_no_more_than_its_time(name: str):
    async def serve(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(serve) as server:
        verdict = await way(name)(server.endpoint, 0.05)
    assert (verdict.state, verdict.detail) == (HealthState.UNHEALTHY, "no answer within 0.05 s")
    assert verdict.latency_ms is None


async def test_one_that_does_not_hang_up_has_answered_all_the_same(monkeypatch: pytest.MonkeyPatch):
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"VERSION 1.6.18\r\n")
        await asyncio.Event().wait()

    monkeypatch.setattr(exchange, "FAREWELL", LONG)
    async with serving(serve) as server:
        verdict = await way("memcached")(server.endpoint, 2.0)
    assert (verdict.state, verdict.detail) == (HealthState.HEALTHY, "memcached 1.6.18")


async def test_one_that_talks_for_ever_is_cut_short():
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"+PONG" * 10_000)
            await writer.drain()

    async with serving(serve) as server:
        verdict = await way("redis")(server.endpoint, LONG)
    assert verdict.state is HealthState.UNHEALTHY
    assert len(verdict.detail) < 100


@pytest.mark.parametrize("name", [*PROTOCOLS, "rabbitmq"])
async def test_nobody_there(name: str):
    verdict = await way(name)(Endpoint("127.0.0.1", own_port()), LONG)
    assert (verdict.state, verdict.level) == (HealthState.UNHEALTHY, HealthLevel.CONNECT)
    assert verdict.detail == "it refuses connections"


async def test_the_first_half_of_an_answer_will_do():
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"QUIT\r\n")
        writer.write(b"+PONG\r\n")

    async with serving(serve) as server:
        verdict = await way("redis")(server.endpoint, LONG)
    assert (verdict.state, verdict.detail) == (HealthState.HEALTHY, "Redis")


async def test_a_server_that_lets_go_of_connections_is_alive():
    verdict = await _hang_up_on(at_once=False)
    assert verdict.state is HealthState.HEALTHY
    assert (verdict.level, verdict.detail) == (HealthLevel.CONNECT, "takes connections and lets go of them")


async def test_one_that_hangs_up_by_itself_is_a_proxy_before_nobody():
    verdict = await _hang_up_on(at_once=True)
    assert (verdict.state, verdict.detail) == (HealthState.UNHEALTHY, "it hangs up at once")


async def _hang_up_on(*, at_once: bool) -> Health:
    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        if not at_once:
            assert await reader.read(10) == b""

    async with serving(serve) as server:
        return await HANDSHAKES["rabbitmq"](server.endpoint, LONG)


def test_databases_that_count_connections_are_not_asked():
    assert {"mysql", "mariadb"} == NEVER_CONNECTED
    assert all(handshake_for(kind) is None for kind in NEVER_CONNECTED)
    assert not NEVER_CONNECTED & set(PROTOCOLS)


def test_which_ones_are_noted():
    assert {kind for kind, each in HANDSHAKES.items() if is_noted(each)} == {"mosquitto", "ssh"}
    assert {kind for kind, each in PROTOCOLS.items() if is_noted(each)} == {"mqtt", "ssh", "amqp"}


def test_each_is_a_known_kind():
    assert HANDSHAKES.keys() <= TITLES.keys()
