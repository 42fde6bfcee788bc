"""`allocate`, `alloc` and `get`."""

from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server

pytestmark = pytest.mark.usefixtures("project")

SERVICE = [
    "name", "workspace", "environment", "host", "type", "purpose", "protocol", "port", "home", "preferred", "priority",
    "pin", "source", "attempts", "status", "ownership", "health", "listeners", "reasons",
]  # fmt: skip


def test_the_port_alone(portdash: Portdash, free_port: FreePort):
    port = free_port()
    result = portdash("allocate", "web", "--preferred", str(port))
    assert (result.code, result.out, result.err) == (0, f"{port}\n", "")
    assert portdash("get", "web").out == f"{port}\n"


def test_the_same_request_gives_the_same_port_and_no_new_revision(portdash: Portdash):
    first = portdash("alloc", "web")
    revision = portdash("status", "--json").document["store"]["revision"]
    assert portdash("alloc", "web").out == first.out
    assert portdash("status", "--json").document["store"]["revision"] == revision


def test_several_get_a_line_each(portdash: Portdash, free_port: FreePort):
    web, api = free_port(), free_port()
    result = portdash("alloc", f"web={web}", f"api={api}")
    assert (result.code, result.out) == (0, f"web {web}\napi {api}\n")


def test_several_or_none(portdash: Portdash, free_port: FreePort):
    port = free_port()
    result = portdash("alloc", "web", "api", "--range", f"{port}-{port}")
    assert result.code == 4
    assert portdash("get", "web").code == 3


def test_the_document(portdash: Portdash, free_port: FreePort):
    port = free_port()
    result = portdash("alloc", "web", "--preferred", str(port), "--purpose", "Main site", "--pin", "--json")
    assert list(result.document) == ["schema_version", "assignments", "stale_since"]
    (service,) = result.document["assignments"]
    assert list(service) == SERVICE
    assert (service["port"], service["purpose"], service["pin"], service["source"]) == (
        port,
        "Main site",
        True,
        "preferred",
    )


def test_explained_on_stderr(portdash: Portdash, free_port: FreePort, server: Server):
    taken, free = free_port(), free_port()
    holder = server(taken)
    result = portdash("alloc", "web", "--preferred", f"{taken},{free}", "--explain")
    assert result.out == f"{free}\n"
    assert f"{taken}: held by" in result.err
    assert str(holder.pid) in result.err
    assert f"{free}: chosen" in result.err


def test_a_range_that_is_full(portdash: Portdash, free_port: FreePort, server: Server):
    port = free_port()
    server(port)
    result = portdash("alloc", "web", "--range", f"{port}-{port}")
    assert result.code == 4
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert str(port) in result.err


def test_the_default_where_none_can_be_had(portdash: Portdash, free_port: FreePort, server: Server):
    port = free_port()
    server(port)
    result = portdash("alloc", "web", "--base", str(port), "--range", f"{port}-{port}", "--on-failure", "default")
    assert (result.code, result.out) == (0, f"{port}\n")
    assert "not reserved" in result.err
    assert portdash("get", "web").code == 3


def test_a_service_that_inherits(portdash: Portdash):
    api = portdash("alloc", "api").out
    assert portdash("alloc", "socket", "--inherit-from", "api").out == api
    assert portdash("alloc", "other", "--inherit-from", "nothing").code == 3


def test_a_variable_decides(portdash: Portdash, free_port: FreePort, monkeypatch: pytest.MonkeyPatch):
    port = free_port()
    monkeypatch.setenv("WEB_PORT", str(port))
    assert portdash("alloc", "web", "--env", "WEB_PORT").out == f"{port}\n"


def test_a_variable_that_is_no_port_is_named(portdash: Portdash, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEB_PORT", "tcp://10.0.0.1:6379")
    lenient = portdash("alloc", "web", "--env", "WEB_PORT")
    assert lenient.code == 0
    assert "WEB_PORT" in lenient.err
    strict = portdash("alloc", "api", "--env", "API_PORT2", "--strict")
    assert strict.code == 0
    monkeypatch.setenv("API_PORT2", "70000")
    assert portdash("alloc", "api", "--env", "API_PORT2", "--strict").code != 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["two words"],
        ["1web"],
        [""],
        ["web\x1b[31m"],
        ["web", "--preferred", "0"],
        ["web", "--preferred", "70000"],
        ["web", "--preferred", "abc"],
        ["web", "--preferred", ""],
        ["web", "--range", "5000-"],
        ["web", "--range", "9-5"],
        ["web=abc"],
        ["web=0"],
        ["web=5000", "--base", "6000"],
        ["web", "WEB"],
        ["web", "--strategy", "wild"],
        ["web", "--on-failure", "ignore"],
        [],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(portdash: Portdash, arguments: list[str]):
    result = portdash("allocate", *arguments)
    assert result.code == 2
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert all(byte == 10 or 32 <= byte < 127 for byte in result.err.encode())


def test_the_default_where_the_store_cannot_be_used(portdash: Portdash, home: Path, free_port: FreePort):
    portdash("alloc", "web")
    (database,) = home.rglob("portdash.db")
    database.write_bytes(b"no database" * 1000)
    port = free_port()
    result = portdash("alloc", "api", "--preferred", str(port), "--on-failure", "default")
    assert (result.code, result.out) == (0, f"{port}\n")
    assert portdash("alloc", "api", "--on-failure", "default").code == 5


def test_get_of_nothing_is_3(portdash: Portdash):
    result = portdash("get", "web")
    assert (result.code, result.out) == (3, "")
    assert result.err.count("\n") == 1
    assert portdash("get", "web", "--json").document["error"]["code"] == "no_such_service"


def test_get_of_another_workspace(portdash: Portdash, home: Path, monkeypatch: pytest.MonkeyPatch):
    port = portdash("alloc", "web").out
    monkeypatch.chdir(home)
    assert portdash("get", "web").code == 3
    assert portdash("get", "shop/web").out == port
    assert portdash("--workspace", "shop", "get", "WEB").out == port


def test_two_checkouts_of_one_name_differ(portdash: Portdash, home: Path, monkeypatch: pytest.MonkeyPatch):
    ports = []
    for place in ("one", "two"):
        root = home / place / "shop"
        (root / ".git").mkdir(parents=True)
        monkeypatch.chdir(root)
        ports.append((portdash("alloc", "web").out, portdash("get", "web").out))
    assert all(allocated == got for allocated, got in ports)
    assert ports[0] != ports[1]


def test_the_document_of_get(portdash: Portdash):
    port = int(portdash("alloc", "web").out)
    document = portdash("get", "web", "--json").document
    assert list(document) == ["schema_version", "name", "workspace", "environment", "protocol", "port", "stale_since"]
    assert (document["name"], document["workspace"], document["port"]) == ("web", "shop", port)


@pytest.mark.parametrize("name", ["two words", "", "web\x1b[31m", "shop/", "../web"])
def test_get_of_no_name(portdash: Portdash, name: str):
    result = portdash("get", name)
    assert result.code in (2, 3)
    assert result.out == ""
    assert all(byte == 10 or 32 <= byte < 127 for byte in result.err.encode())


def test_get_writes_nothing(portdash: Portdash, home: Path):
    portdash("get", "web")
    assert not list(home.rglob("*.db*"))


def test_read_only_allocates_nothing(portdash: Portdash):
    port = portdash("alloc", "web").out
    result = portdash("--read-only", "alloc", "api")
    assert (result.code, result.out) == (6, "")
    assert "--read-only" in result.err
    assert portdash("--read-only", "get", "web").out == port


def test_a_name_with_a_port_of_its_own_does_not_take_the_preference_of_the_others(portdash: Portdash):
    assert portdash("allocate", "web", "api=8400", "--preferred", "3400").out == "web 3400\napi 8400\n"


def test_a_fallback_is_never_silent_and_said_once(portdash: Portdash, free_port: FreePort, server: Server):
    taken, free = free_port(), free_port()
    server(taken)
    first = portdash("alloc", "api", "--preferred", f"{taken},{free}")
    assert first.err == (
        f"portdash: warning: [api] Allocated fallback port {free} (preferred: {taken}) after 2 attempt(s)\n"
    )
    again = portdash("alloc", "api", "--preferred", f"{taken},{free}")
    assert (again.out, again.err) == (first.out, "")


def test_neighbours_that_were_refused_alike_share_a_line(portdash: Portdash, free_port: FreePort):
    port = free_port()
    result = portdash("alloc", "web", "--base", str(port), "--exclude", f"{port}-{port + 4}", "--explain")
    assert f"  {port}-{port + 4}: excluded\n" in result.err
    assert f"[web] Starting port allocation from {port} (max: {port + 100})\n" in result.err


@pytest.mark.parametrize(("encoding", "sign"), [("utf-8", "✅ "), ("ascii", "")])
@pytest.mark.parametrize("option", ["--debug", "--explain"])
def test_the_log_on_stderr(program: Portdash, free_port: FreePort, encoding: str, sign: str, option: str):
    port = free_port()
    options = [option] if option == "--debug" else []
    explain = [option] if option == "--explain" else []
    result = program(*options, "alloc", "web", "--base", str(port), *explain, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert result.out == f"{port}\n"
    assert f"{sign}[web] Allocated preferred port {port} after 1 attempt(s)" in result.err.splitlines()


def test_several_are_framed_and_listed_in_the_log(program: Portdash, free_port: FreePort):
    web = free_port()
    result = program("--debug", "alloc", f"web={web}", "api", PYTHONIOENCODING="utf-8")
    lines = result.err.splitlines()
    assert lines[0] == "🔧 Initializing dynamic port manager for development environment..."
    assert f"✅ web: port {web} (preferred)" in lines
    assert lines[-1] == "✅ Dynamic port configuration complete"


def test_the_default_may_be_the_declared_one(portdash: Portdash, project: Path, free_port: FreePort, server: Server):
    port = free_port()
    (project / "portdash.toml").write_text(f'[services.web]\npreferred = [{port}]\nrange = "{port}-{port}"\n')
    server(port)
    result = portdash("alloc", "web", "--on-failure", "default")
    assert (result.code, result.out) == (0, f"{port}\n")
    assert portdash("--read-only", "alloc", "api", "--base", "4321", "--on-failure", "default").out == "4321\n"
    assert (
        portdash("alloc", "other", "--inherit-from", "nothing", "--base", "4321", "--on-failure", "default").code == 3
    )
