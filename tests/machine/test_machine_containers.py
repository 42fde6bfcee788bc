"""The whole machine with an engine beside it: what a look costs, and what it shows."""

import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from fake_engine import FakeEngine, recorded, replay

from portdash.machine.containers.addresses import Addresses
from portdash.machine.containers.engines import Engines
from portdash.machine.local import LocalMachine
from portdash.machine.processes import Setting
from portdash.model.engines import EngineFacts
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket

TCP = IpProtocol.TCP


class Sockets:
    def __init__(self, *rows: Socket) -> None:
        self.rows = rows

    def sockets(self) -> tuple[Socket, ...]:
        return self.rows


class Table:
    """Processes that never change, in control groups as given."""

    def __init__(self, *processes: Process, cgroups: dict[int, str] | None = None) -> None:
        self._by_pid = {each.pid: each for each in processes}
        self._cgroups = cgroups or {}

    def process(self, pid: int) -> Process | None:
        return self._by_pid.get(pid)

    def setting(self, pid: int) -> Setting:
        return Setting(cgroup=self._cgroups.get(pid, ""))

    def lineage(self, pid: int) -> object:
        return self._by_pid.get(pid)

    def lineages(self, pids: Collection[int]) -> dict[int, object]:
        return {pid: self.lineage(pid) for pid in pids}

    def ran(self, pid: int) -> object:  # noqa: ARG002
        return None

    def as_now(self, process: Process) -> Process | None:
        return self.process(process.pid)


PROXY = Process(pid=40, name="docker-proxy", user="root", cwd="/")
ROWS = (
    Socket(TCP, "127.0.0.1", 18170, (40,)),
    Socket(TCP, "0.0.0.0", 18171),
    Socket(TCP, "::", 18171, dual_stack=False),
    Socket(TCP, "::", 18172, (50,), dual_stack=True),
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    made = FakeEngine(tmp_path, replay(recorded("docker-20.10")))
    yield made
    made.close()


def hosty() -> str:
    return next(str(each["Id"]) for each in recorded("docker-20.10")["list"] if each["Names"] == ["/hosty"])  # type: ignore[attr-defined]


def machine(tmp_path: Path, engine: FakeEngine | None, *rows: Socket) -> LocalMachine:
    httpd = Process(pid=50, name="httpd", user="root", cwd=str(tmp_path))
    table = Table(PROXY, httpd, cgroups={50: f"/docker/{hosty()}"})
    addresses = Addresses((engine.address,) if engine else ())
    engines = Engines({}, tmp_path, find=lambda _environ, _home: addresses, limit=20)
    return LocalMachine(
        tmp_path / "state", sockets=Sockets(*(rows or ROWS)), processes=table, home=tmp_path, engines=engines
    )


def told(listeners: tuple[Listener, ...]) -> list[tuple[int, str, str | None]]:
    return [(each.port, each.label, each.via) for each in listeners]


def test_every_published_port_and_what_waits(tmp_path: Path, engine: FakeEngine):
    made = machine(tmp_path, engine)
    assert made.engines() == EngineFacts()
    found = made.listeners()
    assert told(found) == [
        (18170, "shop-db-1 (docker)", "docker"),
        (18171, "blog-web-1 (docker)", "docker"),
        (18171, "blog-web-1 (docker)", "docker"),
        (18172, "hosty (docker)", "docker"),
    ]
    assert found[-1].project is None  # where it works is inside the container
    facts = made.engines()
    assert [(port, each.label) for (_, port), each in facts.published.items()] == [(18173, "stopped container sleepy")]
    assert facts.notices == ()


def test_the_same_objects_come_back_while_nothing_changes(tmp_path: Path, engine: FakeEngine):
    made = machine(tmp_path, engine)
    first = made.listeners()
    assert made.listeners() is first
    assert len([each for each in engine.asked if each.endswith("all=1")]) == 1


def test_without_an_engine_the_processes_themselves_are_asked(tmp_path: Path):
    made = machine(tmp_path, None)
    assert told(made.listeners()) == [
        (18170, "unnamed container (docker)", "docker"),
        (18171, "owner hidden", None),
        (18171, "owner hidden", None),
        (18172, f"{hosty()[:12]} (docker)", "docker"),
    ]
    assert made.engines() == EngineFacts()


CODE = """
import sys; from pathlib import Path; from portdash.machine.local import LocalMachine
LocalMachine(Path(sys.argv[1]), home=Path(sys.argv[1]), engines=None).listeners()
print(sorted({"http.client", "msgspec", "httpx", "ssl"} & set(sys.modules)))
print(sorted(each for each in sys.modules if each.startswith("portdash.machine.containers.")))
"""


@pytest.mark.needs_linux
@pytest.mark.skipif(Path("/var/run/docker.sock").exists(), reason="there is an engine here")
def test_without_a_socket_nothing_is_loaded(tmp_path: Path):
    done = subprocess.run([sys.executable, "-c", CODE, str(tmp_path)], capture_output=True, text=True, check=True)
    loaded, ours = done.stdout.splitlines()
    assert loaded == "[]"
    assert ours == str([f"portdash.machine.containers.{each}" for each in ("addresses", "engines", "looking")])
