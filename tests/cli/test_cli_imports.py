"""What a command must not load: a shell script that asks for a port does not pay for a dashboard."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash

pytestmark = pytest.mark.usefixtures("project")

FACES = {"textual", "rich", "httpx", "redis", "litestar", "asyncio"}
WRITERS = {"tomlkit"}
FAST = FACES | {
    "logging", "psutil", "msgspec", "tomllib", "multiprocessing", "concurrent.futures", "portdash.manager.deps",
    "difflib", "click", "inspect", "uuid",
    "dataclasses",  # half a millisecond each to make; nothing on the way of `get` needs one
}  # fmt: skip

KEPT = {
    "logging", "psutil", "msgspec", "tomlkit", "difflib", "tempfile", "multiprocessing",
    "click", "dataclasses", "inspect", "uuid", "portdash.planning.ownership", "portdash.planning.recognition",
    "portdash.machine.sockets_psutil", "portdash.machine.terminate", "portdash.machine.handles",
    "portdash.machine.describing", "portdash.machine.processes", "portdash.machine.containers.looking",
    "portdash.machine.origins", "portdash.planning.frameworks", "portdash.config.loading", "socket",
    "portdash.machine.volumes", "portdash.config.services", "portdash.config.hooks",
    "portdash.config.exported", "portdash.model.history", "portdash.model.kept", "portdash.model.sources",
    "portdash.model.storage", "portdash.planning.adoption", "portdash.planning.candidates",
    "portdash.planning.exchange", "portdash.planning.forcing", "portdash.planning.inheriting",
    "portdash.planning.leaving", "portdash.planning.moving", "portdash.planning.overriding",
    "portdash.planning.placing", "portdash.planning.rescue",
    "portdash.planning.resolution", "portdash.planning.undoing", "portdash.manager.clearing",
    "portdash.manager.committing", "portdash.manager.naming", "portdash.manager.recovery", "portdash.manager.troubles",
    "portdash.store.history", "portdash.store.kept", "portdash.store.migrations", "portdash.store.storing",
    "portdash.store.transition", "portdash.store.validation", "portdash.store.writing", "portdash.report",
}  # fmt: skip
"""What a service that keeps its port has no use for: how one is found, forced, moved, stored or ended."""

CODE = """
import json, sys
from portdash.cli.guard import run
code = run(sys.argv[1:])
sys.stdout.flush()
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def modules(*arguments: str) -> tuple[int, set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    code, loaded = json.loads(done.stderr.splitlines()[-1])
    return code, set(loaded)


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"], ["ls"], ["allocate", "api"], ["get", "web"], ["release", "web"],
        ["move", "web"], ["check", "4000"], ["who", "4000"], ["conflicts"], ["resolve"], ["undo"], ["report"],
        ["report", "--copy"], ["reset", "--yes"], ["init"], ["export"], ["export", "--format", "sh"], ["env"],
        ["url", "web"], ["compose", "check", "compose.yaml"], ["snippet", "vite"],
        ["config", "show"], ["config", "check"],
        ["free", "4000"], ["suggest", "web"], ["history"], ["ranges"], ["prune"],
        ["scan", "."], ["doctor"], ["doctor", "--migration"], ["verify"],
        ["completion", "bash"], ["token", "path"], ["serve", "--help"], ["--help"], ["--version"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_command_loads_a_face(portdash: Portdash, arguments: list[str]):
    portdash("alloc", "web")
    Path("compose.yaml").write_text("services: {web: {ports: ['80']}}")
    code, loaded = modules(*arguments)
    assert code in (0, 1)
    assert ("yaml" in loaded) is (arguments[0] == "compose")
    assert not loaded & (FACES | WRITERS)


def test_only_who_writes_a_file_loads_what_writes_it():
    code, loaded = modules("add", "api")
    assert code == 0
    assert loaded >= WRITERS
    assert not loaded & (FACES | {"psutil", "sqlite3"})


def test_get_loads_next_to_nothing(portdash: Portdash):
    portdash("alloc", "web")
    code, loaded = modules("get", "web")
    assert code == 0
    assert not loaded & FAST


@pytest.mark.needs_linux
def test_a_service_that_keeps_its_port_loads_no_way_to_find_one(portdash: Portdash):
    portdash("alloc", "web")
    code, loaded = modules("allocate", "web")
    assert code == 0
    asked = (
        {"msgspec"} if Path("/var/run/docker.sock").exists() else set()
    )  # an engine is asked, and must be understood
    assert not loaded & (FACES | WRITERS | KEPT - asked)


NEW = {
    "logging", "psutil", "msgspec", "click", "dataclasses", "inspect", "uuid", "socket",
    "portdash.machine.describing", "portdash.machine.processes", "portdash.machine.origins",
    "portdash.machine.containers.looking", "portdash.planning.ownership", "portdash.planning.recognition",
    "portdash.planning.rescue", "portdash.planning.forcing", "portdash.planning.exchange", "portdash.planning.prospect",
}  # fmt: skip
"""What a new service has no use for where nobody listens on its port: who listens elsewhere, and how to make room."""


@pytest.mark.needs_linux
@pytest.mark.skipif(Path("/var/run/docker.sock").exists(), reason="an engine is asked whose ports are to be left alone")
def test_a_new_service_on_a_free_port_loads_nothing_that_asks_whose_the_sockets_are(free_port: FreePort):
    code, loaded = modules("allocate", f"web={free_port()}")
    assert code == 0
    assert not loaded & (FACES | WRITERS | NEW)


DEAR = """
import sys
from portdash.cli.guard import run
for name in sys.argv[1:]:
    assert run(["allocate", name]) == 0
tuples = {
    kind.__qualname__
    for name, module in sys.modules.items()
    if name.startswith("portdash.")
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, tuple) and type(kind) is type and kind.__module__ == name
}
print(*tuples, file=sys.stderr)
"""


def test_no_named_tuple_on_the_way_of_allocate_is_a_dear_one():
    done = subprocess.run([sys.executable, "-c", DEAR, "web", "web"], capture_output=True, text=True, check=True)
    assert done.stderr.split() == []


def test_the_entry_point_loads_nothing_at_import():
    code = "import sys, portdash.cli; print([name for name in sys.modules if name in ('click', 'portdash.cli.guard')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
