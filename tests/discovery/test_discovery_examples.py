"""What a program does to find a service, watch it and start it, in the ways in which programs are written that do."""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from queue import Queue

import pytest

import portdash
from portdash.config.paths import user_file
from portdash.discovery import functions
from portdash.errors import UnknownEnvironment

Serve = Callable[..., "subprocess.Popen[str]"]
FreePort = Callable[[], int]
Said = Callable[[], list[str]]
SERVER = [sys.executable, "-IS", str(Path(__file__).with_name("http_server.py"))]
PATIENCE = 30.0


@pytest.fixture(autouse=True)
def _no_source_is_left() -> Iterator[None]:
    yield
    for source in functions._sources.values():
        source.close()
    functions._sources.clear()


@pytest.fixture
def print_line(capsys: pytest.CaptureFixture[str]) -> Said:
    """What the program has printed since this was asked last."""

    def lines() -> list[str]:
        return capsys.readouterr().out.splitlines()

    return lines


@pytest.fixture
def two(serve: Serve, free_port: FreePort) -> tuple[int, int]:
    """Two developers' servers: the second got a port of its own, and nobody had to choose it."""
    first, second = (portdash.allocate(name, preferred=free_port(), lease=False).port for name in ("api", "api@2"))
    serve(first)
    serve(second)
    return first, second


def test_basic_discovery(print_line: Said, serve_api: Callable[[], int]):
    with pytest.raises(portdash.NoInstances) as caught:
        portdash.discover("api")
    assert "no instance of api was found" in str(caught.value)
    port = serve_api()
    instance = portdash.discover("api")
    print(f"Connected to api on port {instance.port}")  # noqa: T201  the program's own line
    assert print_line() == [f"Connected to api on port {port}"]


def test_several_instances(print_line: Said, two: tuple[int, int]):
    Path(f"ill-{two[0]}").touch()
    found = portdash.discover_all("api")
    print(f"Found {len(found)} api instances")  # noqa: T201
    for instance in found:
        print(f"Port {instance.port}: {instance.status}")  # noqa: T201
    assert print_line() == ["Found 2 api instances", f"Port {two[1]}: healthy", f"Port {two[0]}: unhealthy"]
    assert portdash.discover("api").port == two[1]


def test_pattern_1_one_is_started_where_there_is_none(project: Path, ended: Callable[[int | None], None]):
    def connect_to_api() -> portdash.Instance:
        try:
            return portdash.discover("api")
        except portdash.NoInstances:
            return portdash.discover("api", start=SERVER)

    assert project.is_dir()
    instance = connect_to_api()
    ended(instance.pid)
    assert instance.status == "healthy"
    assert connect_to_api().pid == instance.pid


def test_pattern_2_several_are_started_where_there_are_none(serve: Serve):
    def start_three(workspace: str) -> None:
        assert workspace == "shop"
        for name in ("api", "api@2", "api@3"):
            serve(portdash.allocate(name, lease=False).port)

    found = portdash.instances("api", start=start_three, wait=PATIENCE)
    assert [each.service for each in sorted(found, key=lambda each: each.service)] == ["api", "api@2", "api@3"]


def test_pattern_3_a_workspace_has_an_instance_of_its_own(home: Path, serve: Serve):
    class WorkspaceManager:
        def __init__(self) -> None:
            self.known: dict[str, portdash.Instance] = {}

        def get(self, workspace: str) -> portdash.Instance:
            instance = self.known.get(workspace)
            if instance is None or instance not in portdash.source_for("api", workspace=workspace).refresh():
                self.known[workspace] = portdash.discover("api", workspace=workspace)
            return self.known[workspace]

    ports = {}
    for workspace in ("one", "two"):
        directory = home / "src" / workspace
        (directory / ".git").mkdir(parents=True)
        os.chdir(directory)
        ports[workspace] = portdash.allocate("api", lease=False).port
        serve(ports[workspace], cwd=directory)
    manager = WorkspaceManager()
    assert {workspace: manager.get(workspace).port for workspace in ports} == ports
    with pytest.raises(portdash.NoInstances):
        manager.get("three")


def test_pattern_4_the_environment_decides(
    home: Path, serve: Serve, free_port: FreePort, monkeypatch: pytest.MonkeyPatch
):
    here, staged = free_port(), free_port()
    serve(here)
    serve(staged)
    file = user_file(os.environ, home)
    file.parent.mkdir(parents=True)
    file.write_text(
        f"[environments.development.discovery]\nrange = '{here}-{here}'\n"
        f"[environments.staging.discovery]\nrange = '{staged}-{staged}'\n"
        "[environments.production.discovery]\ncluster = ['http://127.0.0.1:1', 'http://127.0.0.1:2']\n"
    )
    found = {}
    for environment in ("development", "staging", "production"):
        monkeypatch.setenv("ENV", environment)
        with closing(portdash.from_env("web")) as source:
            found[environment] = [each.url for each in source.current() or source.refresh()]
    assert found == {
        "development": [f"http://localhost:{here}"],
        "staging": [f"http://localhost:{staged}"],
        "production": ["http://127.0.0.1:1", "http://127.0.0.1:2"],
    }
    monkeypatch.setenv("ENV", "moon")
    with pytest.raises(UnknownEnvironment, match="Unknown environment: moon"):
        portdash.from_env("web")


def test_health_monitoring(two: tuple[int, int], print_line: Said, caplog: pytest.LogCaptureFixture):
    told: Queue[tuple[int, bool]] = Queue()
    with ExitStack() as stack:
        source = stack.enter_context(closing(portdash.source_for("api")))
        source.refresh()
        watch = portdash.HealthWatch(source, interval="50ms")
        stack.callback(watch.stop)

        @watch.on_health_change
        def say(port: int, healthy: bool) -> None:
            sign = f"Instance {port} recovered" if healthy else f"Instance {port} unhealthy, initiating failover"
            print(sign)  # noqa: T201
            told.put((port, healthy))

        caplog.set_level(logging.INFO, "portdash.discovery")
        Path(f"ill-{two[0]}").touch()
        watch.start()
        assert told.get(timeout=PATIENCE) == (two[0], False)
        Path(f"ill-{two[0]}").unlink()
        assert told.get(timeout=PATIENCE) == (two[0], True)
    lines = [f"Instance {two[0]} unhealthy, initiating failover", f"Instance {two[0]} recovered"]
    assert print_line() == lines
    assert [record.message for record in caplog.records if record.message.startswith("Instance")] == lines


def test_metrics(print_line: Said, two: tuple[int, int]):
    metrics = portdash.Metrics()
    found = portdash.instances("api")
    metrics.found(len(found))
    metrics.attempt(found[0], 0.030, False)
    metrics.failover(*found)
    metrics.attempt(found[1], 0.050, True)
    print(f"Instances discovered: {metrics.instances_found}")  # noqa: T201
    print(f"Active failovers: {metrics.failover_count}")  # noqa: T201
    print(f"Average response time: {metrics.avg_response_time}")  # noqa: T201
    assert len(two) == 2
    assert print_line() == [
        "Instances discovered: 2", "Active failovers: 1", "Average response time: 0:00:00.050000",
    ]  # fmt: skip
    assert metrics.avg_response_time == timedelta(milliseconds=50)


def test_a_logger_of_the_program_hears_of_the_look(two: tuple[int, int], caplog: pytest.LogCaptureFixture):
    logger = logging.getLogger("program")
    with caplog.at_level(logging.DEBUG), closing(portdash.source_for("api", logger=logger)) as source:
        source.refresh()
    lines = sorted(record.message for record in caplog.records if record.name == "program")
    assert lines == [
        "Found 2 api instances",
        *(f"{name} on port {port}: healthy" for name, port in zip(("api", "api@2"), two, strict=True)),
    ]
    assert not [record for record in caplog.records if record.name == "portdash.discovery"]


def test_gradual_migration(serve_api: Callable[[], int], monkeypatch: pytest.MonkeyPatch):
    port = serve_api()
    assert portdash.url("api") == f"http://localhost:{port}"
    monkeypatch.setenv("PORTDASH_URL_API", "http://localhost:8080")
    assert portdash.url("api") == "http://localhost:8080"


def test_a_command_line_program_says_that_its_service_is_not_there(project: Path):
    assert project.is_dir()
    program = (
        "import sys, portdash\n"
        "try:\n"
        "    api = portdash.discover('api')\n"
        "except portdash.NoInstances as error:\n"
        "    sys.exit(f'api is not available: {error}')\n"
        "print('searching at', api.url)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("api is not available: no instance of api was found: ")


@pytest.mark.usefixtures("project")
def test_what_the_environment_configures(monkeypatch: pytest.MonkeyPatch, free_port: FreePort):
    port = free_port()
    monkeypatch.setenv("PORTDASH_DISCOVERY_TIMEOUT", "50ms")
    said = r"had not answered within 0.05 s, which \[discovery\] timeout"
    with socket.create_server(("127.0.0.1", port)), pytest.raises(portdash.NoInstances, match=said):
        portdash.discover("web", ports=range(port, port + 1))
