"""Real containers of a real engine: named, healthy, told apart, their ports kept for them, and stopped."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker_engine import IMAGE, DockerEngine
from own_ports import own_port

from portdash.errors import Refused
from portdash.machine.containers.addresses import Address, Addresses
from portdash.machine.containers.engines import Engines
from portdash.machine.local import LocalMachine
from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol
from portdash.planning.forcing import target_of

pytestmark = [pytest.mark.faults, pytest.mark.needs_docker, pytest.mark.needs_linux]

TCP = IpProtocol.TCP
ANSWER = b"hello from a container"


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    """An engine, which removes all its containers in the end."""
    with DockerEngine() as made:
        yield made


@pytest.fixture
def docker(engine: DockerEngine, monkeypatch: pytest.MonkeyPatch) -> DockerEngine:
    """The engine, and the only one that DOCKER_HOST names."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{engine.socket}")
    return engine


@pytest.fixture
def port() -> int:
    """A port that nobody had a moment ago, outside the range for outgoing connections."""
    return own_port()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """The test's own name, which its container has."""
    return str(request.node.name)


@pytest.fixture
def machine(tmp_path: Path, home: Path, docker: DockerEngine) -> LocalMachine:
    def find(_environ: object, _home: object) -> Addresses:
        return Addresses((Address(str(docker.socket)),))

    return LocalMachine(tmp_path / "state", home=home, engines=Engines({}, home, find=find, limit=20))


def on(machine: LocalMachine, port: int) -> list[Listener]:
    return [each for each in machine.listeners() if each.port == port]


def wait(ready: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until, "it has not come to that in time"
        time.sleep(0.05)


def fetch(port: int) -> bytes:
    """Return what the container answers there; nothing while its proxy has nobody to pass us on to."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as made:
        made.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return b"".join(iter(lambda: made.recv(4096), b""))
    return b""


def told(expected: str, *arguments: str, cwd: Path) -> bool:
    """Say whether a command says this now; on a busy machine an engine may take longer than a command waits for it."""
    done = portdash(*arguments, cwd=cwd)
    return expected in done.stdout + done.stderr


def portdash(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "portdash", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def test_a_published_port_is_the_container_s_and_not_its_proxy_s(
    docker: DockerEngine, machine: LocalMachine, port: int, name: str
):
    docker.run(name, ports={"80/tcp": ("", port), "80/udp": ("127.0.0.1", port)}, health="true")
    wait(lambda: ANSWER in fetch(port))
    wait(lambda: {each.container and each.container.health for each in on(machine, port)} == {"healthy"})
    found = on(machine, port)
    udp = IpProtocol.UDP
    assert {(each.protocol, each.address) for each in found} == {(TCP, "0.0.0.0"), (TCP, "::"), (udp, "127.0.0.1")}
    for each in found:
        assert (each.label, each.via, each.server, each.orphan) == (f"{name} (docker)", "docker", None, False)
        assert each.container.image == IMAGE
    assert machine.engines().notices == ()


def test_one_that_has_the_machine_s_network_is_known_by_its_control_group(
    docker: DockerEngine, machine: LocalMachine, port: int, name: str
):
    made = docker.run(name, "/bin/httpd", "-f", "-p", str(port), "-h", "/www", network="host")
    wait(lambda: on(machine, port))
    (found,) = on(machine, port)
    assert (found.label, found.container.id) == (f"{name} (docker)", made)
    assert found.server.name == "httpd"
    assert found.server.cwd is None


def test_a_stopped_container_keeps_its_port_from_others(docker: DockerEngine, home: Path, port: int, name: str):
    docker.create(name, ports={"80/tcp": ("127.0.0.1", port)})
    wait(lambda: told(f"{port} is free, reserved by stopped container {name}\n", "check", str(port), cwd=home))
    given = portdash("allocate", "web", "--range", f"{port}-{port + 50}", "--json", cwd=home)
    (row,) = json.loads(given.stdout)["assignments"]
    assert row["port"] > port
    assert row["reasons"][0] == {"port": port, "verdict": "container", "holder": f"stopped container {name}"}
    asked = portdash("allocate", "api", "--preferred", str(port), cwd=home)
    assert asked.stdout == f"{port}\n"


def test_two_compose_projects_are_told_apart(docker: DockerEngine, home: Path, port: int, name: str):
    shop, fix = home / "src" / "shop", home / "src" / "shop-fix"
    for root in (shop, fix):
        (root / ".git").mkdir(parents=True)
        (root / "deploy").mkdir()
    labels = {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": "db",
        "com.docker.compose.project.working_dir": str(fix / "deploy"),
    }
    docker.run(name, ports={"80/tcp": ("127.0.0.1", port)}, labels=labels)
    wait(lambda: ANSWER in fetch(port))
    assert portdash("allocate", "db", "--preferred", str(port + 1), cwd=shop).stdout == f"{port + 1}\n"
    assert portdash("adopt", str(port), cwd=fix).stdout == f"db {port}\n"
    (mine,) = json.loads(portdash("status", "--json", cwd=fix).stdout)["services"]
    assert (mine["ownership"], mine["listeners"][0]["container"]) == ("confirmed", name)
    assert portdash("release", "db", cwd=fix).returncode == 0
    refused = portdash("move", "db", str(port), cwd=shop)
    assert refused.returncode == 6
    assert f"{name} (docker, shop-fix)" in refused.stderr  # though the project's name is that of this one


def test_stopping_frees_the_port_and_leaves_other_containers_alone(
    docker: DockerEngine, machine: LocalMachine, port: int, name: str
):
    other = docker.run(f"{name}-other", ports={"80/tcp": ("127.0.0.1", port + 1)})
    made = docker.run(name, ports={"80/tcp": ("", port)})
    wait(lambda: ANSWER in fetch(port) and ANSWER in fetch(port + 1))
    said = machine.terminate(target_of(on(machine, port)[0]), grace=1.0)
    assert said.startswith(f"{name} (docker) stopped after ")
    assert said.endswith(f", {port} is free")
    assert machine.bind_error(TCP, port) is None
    state = docker.ask("GET", f"/containers/{made}/json")["State"]
    assert state["Status"] == "exited"
    assert docker.ask("GET", f"/containers/{other}/json")["State"]["Running"]
    assert ANSWER in fetch(port + 1)
    assert machine.terminate(target_of(_as_it_was(name, made, port)), grace=1.0).startswith(
        f"{name} (docker) had stopped already"
    )


def _as_it_was(name: str, made: str, port: int) -> Listener:
    from portdash.model.listener import Container  # noqa: PLC0415

    return Listener(protocol=TCP, address="0.0.0.0", port=port, container=Container(id=made, name=name))


def test_one_that_comes_back_is_said_to(docker: DockerEngine, machine: LocalMachine, port: int, name: str):
    made = docker.run(name, ports={"80/tcp": ("127.0.0.1", port)}, restart="always")
    wait(lambda: ANSWER in fetch(port))
    target = target_of(on(machine, port)[0])

    def start_again() -> None:
        wait(lambda: not docker.ask("GET", f"/containers/{made}/json")["State"]["Running"])
        docker.ask("POST", f"/containers/{made}/start")

    starter = threading.Thread(target=start_again)
    starter.start()
    with pytest.raises(Refused, match="was started again by its restart policy `always`") as caught:
        machine.terminate(target, grace=1.0)
    starter.join()
    assert caught.value.hint.startswith(f"`docker update --restart=no {made[:12]}`")


def test_a_plan_stops_the_container_in_the_way(docker: DockerEngine, home: Path, port: int, name: str):
    assert portdash("allocate", "web", "--preferred", str(port), cwd=home).stdout == f"{port}\n"
    made = docker.run(name, ports={"80/tcp": ("127.0.0.1", port)})
    wait(lambda: ANSWER in fetch(port))
    forced = ("resolve", "web", "--strategy", "aggressive")
    shown = portdash(*forced, "--dry-run", "--json", cwd=home)
    (step,) = json.loads(shown.stdout)["plan"]["steps"]
    assert (step["action"], step["target"]) == ("stop_container", f"{name} (docker)")
    assert docker.ask("GET", f"/containers/{made}/json")["State"]["Running"]
    done = portdash(*forced, "--terminate", "--yes", cwd=home)
    assert done.returncode == 0, done.stderr
    assert not docker.ask("GET", f"/containers/{made}/json")["State"]["Running"]


def test_who_may_not_ask_is_told_so_and_sees_what_the_proxy_says(
    docker: DockerEngine, tmp_path: Path, port: int, name: str
):
    docker.run(name, ports={"80/tcp": ("127.0.0.1", port)})
    wait(lambda: ANSWER in fetch(port))
    docker.directory.chmod(0o755)
    code = (
        "import os, sys; from pathlib import Path; from portdash.machine.local import LocalMachine\n"
        "machine = LocalMachine(Path(sys.argv[1])); machine.listeners()  # loads all while it may\n"
        "import portdash.machine.containers.notices\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "machine = LocalMachine(Path(sys.argv[1]))\n"
        "for each in machine.listeners(): print(each.port, each.label, repr(each.container and each.container.id))\n"
        "print(*machine.engines().notices, sep=chr(10))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    (seen,) = [line for line in lines if line.startswith(f"{port} ")]
    assert seen.startswith(f"{port} container at 172.")
    assert seen.endswith(":80 (docker) ''")
    assert lines[-1].startswith(f"containers are not named, for {docker.socket} may not be opened: `sudo usermod")
