"""`rediss://`: the server is who its certificate says, or nothing is said to it."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis_server import DURABLE, RedisServer
from store_world import HOST, filled, ports

from portdash.errors import StoreUnavailable
from portdash.store.opening import open_store

pytestmark = pytest.mark.needs_redis


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed but itself; its key is beside it."""
    path = tmp_path / "server.pem"
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-days", "2", "-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"]
    try:
        subprocess.run([*request, *names, "-keyout", f"{path}.key", "-out", path], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl makes no certificate here")
    return path


@pytest.fixture
def url(tmp_path: Path, certificate: Path) -> Iterator[str]:
    """The URL of a server that speaks TLS."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    tls = ("--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", f"{certificate}.key")
    server = RedisServer(tmp_path / "redis", *DURABLE, *tls, "--tls-auth-clients", "no")
    try:
        server.start()
    except AssertionError:
        pytest.skip("this redis-server speaks no TLS")
    yield f"rediss://127.0.0.1:{port}/0"
    server.kill()


def test_a_server_with_a_trusted_certificate(url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    store = open_store(url, host=HOST)
    filled(store, ["web"])
    assert ports(store) == {"web": 4000}
    assert store.url == url
    store.close()


@pytest.mark.usefixtures("certificate")
def test_a_server_that_nobody_vouches_for_is_refused(url: str):
    store = open_store(url.replace("://", "://:hunter2@"), host=HOST)
    with pytest.raises(StoreUnavailable, match="certificate") as caught:
        store.snapshot()
    assert "hunter2" not in caught.value.message
    assert caught.value.message.isprintable()
