"""Real servers that take long to start, or are installed first; run on their own."""

import contextlib
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_ports import own_port
from real_servers import PATIENCE, Real, as_user, own_directory, running
from server_packages import node_modules, python_programs

from portdash.config.sections import HealthConfig
from portdash.config.services import HealthCheck
from portdash.health.checks import check_for
from portdash.health.fingerprints import Identifier
from portdash.health.handshakes import HANDSHAKES, PROTOCOLS, handshake_for
from portdash.model.health import HealthLevel, HealthState

pytestmark = [pytest.mark.servers, pytest.mark.needs_linux]
LONG = 30.0
"""Seconds that no answer takes."""
MAX_ERRORS = 5


async def named(real: Real, framework: str | None) -> tuple[str | None, str | None]:
    """Return what it is called by who sees its process, and by who does not."""
    near = await Identifier().identify(real.seen_as(framework), timeout=LONG)
    far = await Identifier().identify(real.seen_from_afar(), timeout=LONG)
    return near and near.title, far and far.title


# MariaDB, which locks out who connects too often without a login


@contextlib.contextmanager
def mariadb() -> Iterator[Real]:
    with own_directory("mysql") as directory:
        data = f"--datadir={directory}/data"
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", data, "--auth-root-authentication-method=normal"],
            check=True,
            capture_output=True,
            cwd=directory,
            **as_user("mysql"),  # type: ignore[call-overload]
        )
        first = directory / "first.sql"
        first.write_text("CREATE USER dev@'%' IDENTIFIED BY 'x';\n")  # else nobody from elsewhere is let in anyway
        words = ["--bind-address=0.0.0.0", f"--socket={directory}/socket", f"--max-connect-errors={MAX_ERRORS}"]
        words.append(f"--init-file={first}")
        with running(
            lambda port: ["mariadbd", "--no-defaults", data, *words, f"--port={port}"],
            directory,
            user="mysql",
            is_ready=lambda text: "ready for connections" in text,
        ) as real:
            yield real


def greeting(real: Real) -> bytes:
    """Connect from an address that is not `localhost` to the server, as a container's is not, hear it, and leave."""
    with socket.create_connection(real.endpoint, timeout=LONG, source_address=("127.0.0.2", 0)) as connection:
        return connection.recv(200)


@pytest.mark.needs_program("mariadbd")
async def test_twelve_checks_of_a_mariadb_lock_nobody_out():
    with mariadb() as real:
        check = check_for(HealthCheck(tcp=True), HealthConfig(), kind="mariadb")
        assert check.probe is None
        assert "locks out" in check.reason
        assert handshake_for("mariadb") is None
        for _ in range(12):
            told = await Identifier().identify(real.seen_as("mariadb"), timeout=LONG)
            assert told is not None
            assert (told.kind, told.title) == ("mariadb", "MariaDB")
        assert real.said() == ""  # it mentions everybody who connects and leaves
        heard = [greeting(real) for _ in range(12)]  # and this is what would have happened
        assert all(b"MariaDB" in each for each in heard[:MAX_ERRORS])
        assert b"is blocked because of many connection errors" in heard[-1]


# RabbitMQ


@contextlib.contextmanager
def rabbitmq() -> Iterator[Real]:
    program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
    with own_directory("rabbitmq") as directory:
        mapper = str(own_port())  # of its own: the one that may run here is not ours to end
        environ = {
            "RABBITMQ_NODENAME": "portdash@localhost",
            "RABBITMQ_MNESIA_BASE": f"{directory}/data",
            "RABBITMQ_LOG_BASE": str(directory),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": f"{directory}/none",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{directory}/plugins",
            "RABBITMQ_PID_FILE": f"{directory}/pid",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": mapper,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

        def command(port: int) -> list[str]:
            return ["env", f"RABBITMQ_NODE_PORT={port}", f"RABBITMQ_DIST_PORT={own_port()}", program]

        try:
            with running(
                command,
                directory,
                user="rabbitmq",
                environ=environ,
                is_ready=lambda text: "Server startup complete" in text,
            ) as real:
                yield real
        finally:
            subprocess.run(
                ["epmd", "-port", mapper, "-kill"], capture_output=True, check=False, timeout=PATIENCE, env=os.environ
            )


@pytest.mark.needs_program("rabbitmq-server")
async def test_rabbitmq():
    with rabbitmq() as real:
        for _ in range(3):
            verdict = await HANDSHAKES["rabbitmq"](real.endpoint, LONG)
            assert (verdict.state, verdict.level) == (HealthState.HEALTHY, HealthLevel.CONNECT)
        told = await Identifier().identify(real.seen_as("rabbitmq"), timeout=LONG)
        assert told is not None
        assert told.title == "RabbitMQ"
        assert real.said() == ""
        verdict = await PROTOCOLS["amqp"](real.endpoint, LONG)
        assert (verdict.state, verdict.level, verdict.detail[:11]) == ("healthy", HealthLevel.PROTOCOL, "RabbitMQ 3.")


# Packages of Python


@pytest.fixture(scope="module")
def python() -> Path:
    """The programs of an environment with web frameworks."""
    return python_programs()


@contextlib.contextmanager
def started(*words: object, files: dict[str, str], node: Path | None = None) -> Iterator[Real]:
    """Run a program in a directory with some files; `{port}` stands for its port."""
    with own_directory(None) as directory:
        for name, text in files.items():
            (directory / name).write_text(text)
        if node is not None:
            (directory / "node_modules").symlink_to(node)
        with running(lambda port: [str(word).replace("{port}", str(port)) for word in words], directory) as real:
            yield real


FLASK = "from flask import Flask\napp = Flask(__name__)\n"
FASTAPI = "from fastapi import FastAPI\napp = FastAPI(title='Orders API', version='1.2.3')\n"
DJANGO = """
import sys
from django.conf import settings
settings.configure(DEBUG=True, SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=[])
urlpatterns = []
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""


async def test_flask(python: Path):
    with started(python / "flask", "--app", "app", "run", "-p", "{port}", files={"app.py": FLASK}) as real:
        assert await named(real, "flask") == ("Flask", "Flask")


async def test_django(python: Path):
    with started(
        python / "python", "manage.py", "runserver", "--noreload", "{port}", files={"manage.py": DJANGO}
    ) as real:
        assert await named(real, "django") == ("Django", "Django")


async def test_uvicorn_with_fastapi(python: Path):
    with started(python / "uvicorn", "app:app", "--port", "{port}", files={"app.py": FASTAPI}) as real:
        assert await named(real, "uvicorn") == ("FastAPI: Orders API 1.2.3",) * 2


async def test_gunicorn(python: Path):
    with started(
        python / "gunicorn", "--no-control-socket", "-b", "127.0.0.1:{port}", "app:app", files={"app.py": FLASK}
    ) as real:
        near, far = await named(real, "gunicorn")
        assert (near or "")[:8] == (far or "")[:8] == "Gunicorn"


# Packages of npm


@pytest.fixture(scope="module")
def node() -> Path:
    """A directory of packages."""
    return node_modules()


PAGE = {"index.html": "<!doctype html><title>Shop</title>", "package.json": '{"name": "shop-web"}'}
EXPRESS = "require('express')().listen({port}, '127.0.0.1')"


@pytest.mark.needs_program("npm")
async def test_vite(node: Path):
    with started(
        "node", "node_modules/.bin/vite", "--port", "{port}", "--host", "127.0.0.1", files=PAGE, node=node
    ) as real:
        near, far = await named(real, "vite")
        assert (near or "").startswith("Vite ")
        assert far == "Vite"
        assert "GET" not in real.said()


@pytest.mark.needs_program("npm")
async def test_webpack_dev_server(node: Path):
    words = ("serve", "--mode", "development", "--port", "{port}", "--host", "127.0.0.1", "--entry", "./main.js")
    files = {"main.js": "console.log(1)", **PAGE}
    with started("node", "node_modules/.bin/webpack", *words, files=files, node=node) as real:
        assert await named(real, "webpack-dev-server") == ("webpack-dev-server",) * 2


@pytest.mark.needs_program("npm")
async def test_express(node: Path):
    with started("node", "-e", EXPRESS, files={}, node=node) as real:
        assert await named(real, None) == ("Express", "Express")
