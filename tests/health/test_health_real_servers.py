"""Real servers, asked as they are in earnest; and what their own logs then say of it: nothing, wherever that can be."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_servers import Real, as_user, own_directory, running

from portdash.health.fingerprints import Identifier
from portdash.health.handshakes import HANDSHAKES, PROTOCOLS, Handshake
from portdash.model.health import Health, HealthLevel, HealthState

pytestmark = pytest.mark.needs_linux
LONG = 30.0
"""Seconds that no answer takes."""


def postgres_program(name: str) -> str:
    """Return where PostgreSQL's programs are, which Debian keeps off the PATH; empty where there are none."""
    beside = [str(each) for each in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)]
    return shutil.which(name) or next(iter(beside), "")


needs_postgres = pytest.mark.skipif(not postgres_program("initdb"), reason="PostgreSQL is not installed")


@contextlib.contextmanager
def postgres(*, tls: bool) -> Iterator[Real]:
    with own_directory("postgres") as directory:
        data = directory / "data"
        subprocess.run(
            [postgres_program("initdb"), "-D", data, "-A", "trust", "-N"],
            check=True,
            capture_output=True,
            cwd=directory,
            **as_user("postgres"),  # type: ignore[call-overload]
        )
        settings = []
        if tls:
            make_certificate(data)
            settings = ["-c", "ssl=on"]
        program = postgres_program("postgres")
        with running(
            lambda port: [program, "-D", str(data), "-p", str(port), "-k", str(directory), *settings],
            directory,
            user="postgres",
            is_ready=lambda text: "ready to accept connections" in text,
        ) as real:
            yield real


def make_certificate(directory: Path) -> None:
    words = "req -new -x509 -nodes -subj /CN=localhost -keyout server.key -out server.crt"
    subprocess.run(
        ["openssl", *words.split()],
        check=True,
        capture_output=True,
        cwd=directory,
        **as_user("postgres"),  # type: ignore[call-overload]
    )
    (directory / "server.key").chmod(0o600)


@contextlib.contextmanager
def server(*words: str, config: str = "", ready: str = "") -> Iterator[Real]:
    """Run a program; `{port}` in its words and its configuration stands for the port, `{here}` for its directory."""
    with own_directory(None) as directory:

        def command(port: int) -> list[str]:
            (directory / "config").write_text(config.replace("{port}", str(port)).replace("{here}", str(directory)))
            return [word.replace("{port}", str(port)).replace("{here}", str(directory)) for word in words]

        with running(command, directory, is_ready=lambda text: ready in text) as real:
            yield real


async def asked(real: Real, handshake: Handshake, *, times: int = 3) -> Health:
    """Ask several times over: once might be an exception."""
    verdicts = [await handshake(real.endpoint, LONG) for _ in range(times)]
    assert {(each.state, each.level, each.detail) for each in verdicts} == {
        (verdicts[0].state, verdicts[0].level, verdicts[0].detail)
    }
    return verdicts[-1]


def check(verdict: Health, detail: str, level: HealthLevel = HealthLevel.PROTOCOL) -> None:
    assert (verdict.state, verdict.level, verdict.detail[: len(detail)]) == (HealthState.HEALTHY, level, detail)
    assert verdict.latency_ms is not None


async def title(real: Real, framework: str | None) -> str | None:
    told = await Identifier().identify(real.seen_as(framework), timeout=LONG)
    return told.title if told else None


async def title_from_afar(real: Real) -> str | None:
    told = await Identifier().identify(real.seen_from_afar(), timeout=LONG)
    return told.title if told else None


@pytest.mark.needs_program("redis-server")
@pytest.mark.parametrize("password", ["", "secret"])
async def test_redis(password: str):
    with server(
        *("redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--requirepass", password),
        ready="Ready to accept connections",
    ) as real:
        check(await asked(real, HANDSHAKES["redis"]), "Redis, wants a password" if password else "Redis ")
        assert (await title(real, "redis") or "").startswith("Redis" if password else "Redis ")
        assert real.said_before("SIGTERM") == ""


@needs_postgres
@pytest.mark.needs_program("openssl")
@pytest.mark.parametrize("tls", [False, True])
async def test_postgres(tls: bool):
    with postgres(tls=tls) as real:
        check(await asked(real, HANDSHAKES["postgres"]), "PostgreSQL")
        assert await title(real, "postgres") == "PostgreSQL"
        assert real.said_before("received smart shutdown request") == ""


@pytest.mark.needs_program("nats-server")
async def test_nats():
    with server("nats-server", "-a", "127.0.0.1", "-p", "{port}", ready="Server is ready") as real:
        check(await asked(real, HANDSHAKES["nats"]), "NATS 2.")
        assert (await title(real, "nats") or "").startswith("NATS 2.")
        assert (await title_from_afar(real) or "").startswith("NATS 2.")
        assert real.said_before("signal|Shutdown") == ""


@pytest.mark.needs_program("memcached")
async def test_memcached():
    with server("memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", "{port}") as real:
        check(await asked(real, HANDSHAKES["memcached"]), "memcached 1.")
        assert (await title(real, "memcached") or "").startswith("memcached 1.")
        assert real.said_before(r"[Ss]ignal|\Z") == ""


@pytest.mark.needs_program("mosquitto")
async def test_mosquitto_is_asked_only_where_somebody_wants_it_for_it_notes_each_visit():
    with server(
        "mosquitto", "-c", "{here}/config", config="listener {port} 127.0.0.1\nallow_anonymous true\n", ready="running"
    ) as real:
        assert await title(real, "mosquitto") == "Mosquitto"
        assert real.said() == ""
        check(await asked(real, PROTOCOLS["mqtt"], times=1), "MQTT broker")
        lines = real.said_before("terminating").splitlines()
        assert [line.partition(": ")[2].split(" from ")[0] for line in lines] == [
            "New connection",
            "New client connected",
            f"Client portdash{os.getpid():07} disconnected.",
        ]


NGINX = (
    "pid {here}/pid; error_log {here}/log; events {} daemon off;\n"
    "http { access_log {here}/log; server { listen 127.0.0.1:{port}; location / { return 200; } } }\n"
)


@pytest.mark.needs_program("nginx")
async def test_nginx():
    with server("nginx", "-c", "{here}/config", config=NGINX) as real:
        assert (await title(real, "nginx") or "").startswith("nginx 1.")
        # It notes a request after it has answered: only what it said until its end is all.
        assert [line.count("portdash/") for line in real.said_before(r"\Z").splitlines()] == [1]


@pytest.mark.needs_program("nginx")
async def test_nginx_from_afar():
    with server("nginx", "-c", "{here}/config", config=NGINX) as real:
        assert (await title_from_afar(real) or "").startswith("nginx 1.")


async def test_http_server_of_python():
    with server(sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1") as real:
        assert await title(real, "http.server") == "Python http.server"
        assert "GET" not in real.said()
        assert await title(real, None) == "Python http.server"
        assert real.said().count("GET / ") == 1
