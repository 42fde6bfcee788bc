"""Servers that speak TLS, on real sockets of loopback, with a certificate that nobody vouches for."""

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest
from health_servers import response, serving

from portdash.config.sections import HealthConfig
from portdash.config.services import HealthCheck, ServiceConfig
from portdash.health.checks import HttpGet
from portdash.health.fixed import check_fixed
from portdash.health.probing import HttpProber
from portdash.health.unregistered import ask_stranger
from portdash.model.assignment import ServiceSpec
from portdash.model.health import HealthState
from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol

LONG = 20.0


@pytest.fixture
def own_certificate(tmp_path: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that nobody vouches for, of another host."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=elsewhere.example", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.mark.needs_program("openssl")
async def test_a_certificate_of_its_own_making(own_certificate: ssl.SSLContext):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(response("200 OK", b"safe"))

    async with serving(serve, ssl=own_certificate) as server:
        prober = HttpProber(HttpGet(contains="safe"), server.endpoint)
        for _ in range(2):
            verdict = await prober.ask(LONG)
            assert verdict.state is HealthState.HEALTHY
            assert verdict.detail == "over TLS, its certificate not verified"
        prober.close()
        url = f"https://localhost:{server.endpoint.port}/"
        declared = ServiceConfig(spec=ServiceSpec(name="x"), health=HealthCheck(http_get="/", contains="safe"))
        fixed, _ = await check_fixed(url, declared, HealthConfig(timeout=LONG))
        assert (fixed.state, fixed.detail) == (HealthState.HEALTHY, "")


@pytest.mark.needs_program("openssl")
@pytest.mark.parametrize("alerts", [True, False])
async def test_a_listener_of_tls_is_told_as_what_it_is(own_certificate: ssl.SSLContext, *, alerts: bool):
    """Asked as `P` asks: by one that answers plain words with an alert as Go does, and one that only hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response("200 OK", b"hello", "Server: nginx/1.22.1"))
        await writer.drain()

    async def plain_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(1)
        if first == b"\x16":  # a client that begins with TLS is handed on, its first byte put back
            await through(first, reader, writer, encrypted.endpoint.port)
            return
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x15\x03\x01\x00\x02\x02\x0a" if alerts else b"")

    async with serving(serve, ssl=own_certificate) as encrypted, serving(plain_first) as server:
        listener = Listener(protocol=IpProtocol.TCP, address="127.0.0.1", port=server.endpoint.port)
        answer = await ask_stranger(listener, 1000.0, HealthConfig(timeout=LONG))
    assert answer.health.state is HealthState.HEALTHY
    assert answer.health.detail == "over TLS, its certificate not verified"
    assert answer.fingerprint is not None
    assert answer.fingerprint.kind == "nginx"


async def through(first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Carry a connection on to another port of loopback."""
    there, back = await asyncio.open_connection("127.0.0.1", port)
    back.write(first)

    async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(4096):
            sink.write(data)
        sink.close()

    try:
        await asyncio.gather(carry(reader, back), carry(there, writer))
    finally:
        back.close()
