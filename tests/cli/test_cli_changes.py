"""`release`, `move`, `adopt`, `resolve`, `undo`: shown, asked for where that is due, and done."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from cli_harness import FreePort, Portdash, Server

pytestmark = pytest.mark.usefixtures("project")

Squatted = tuple[int, "subprocess.Popen[str]"]
"""A port and the stranger that listens there."""
STEP = ["action", "service", "from", "to", "target", "reason"]
PLAN = ["strategy", "steps", "cost", "optimal", "unresolved"]


@pytest.fixture
def squatted(portdash: Portdash, home: Path, free_port: FreePort, server: Server):
    """`web` of shop has a port on which a server of another project listens; return port and server."""
    other = home / "src" / "blog"
    (other / ".git").mkdir(parents=True)
    port = free_port()
    assert portdash("alloc", f"web={port}").out == f"{port}\n"
    return port, server(port, cwd=other)


def port_of(portdash: Portdash, name: str) -> int | None:
    result = portdash("get", name)
    return int(result.out) if result.code == 0 else None


def test_a_move_names_the_command_once_it_is_trusted_and_the_files_that_follow(
    portdash: Portdash, project: Path, free_port: FreePort
):
    """The command of a file that nobody has looked at is not passed on."""
    first, second = free_port(), free_port()
    (project / "portdash.toml").write_text(f'[services.web]\npreferred = [{first}]\ncommand = ["npm", "run", "dev"]\n')
    portdash("alloc", "web")
    portdash("export")
    moved = portdash("move", "web", str(second), "--dry-run")
    assert f"  you: start web with PORT={second}\n" in moved.out
    assert "npm" not in moved.out
    assert portdash("trust", "--yes").code == 0
    moved = portdash("move", "web", str(second))
    assert f"  you: start web: PORT={second} npm run dev  in " in moved.out
    assert re.search(r"  file: portdash's block in .*/\.env follows\n", moved.out)
    assert f"WEB_PORT={second}\n" in (project / ".env").read_text()


def test_release(portdash: Portdash, free_port: FreePort):
    port = free_port()
    portdash("alloc", f"web={port}")
    result = portdash("release", "web")
    assert result.code == 0
    assert f"web gave {port} back" in result.out
    assert port_of(portdash, "web") is None
    assert portdash("release", "web").code == 3


def test_release_says_that_the_server_runs_on(portdash: Portdash, free_port: FreePort, server: Server, project: Path):
    port = free_port()
    portdash("alloc", f"web={port}")
    with server(port, cwd=project) as process:
        result = portdash("release", "web")
        process.kill()
    assert re.search(rf" {process.pid} \(.*\) on {port} is not ended", result.err)
    assert result.out == f"web gave {port} back\n"


def test_release_by_port(portdash: Portdash, free_port: FreePort):
    port = free_port()
    portdash("alloc", f"web={port}")
    document = portdash("release", str(port), "--json").document
    assert list(document) == ["schema_version", "plan", "applied"]
    assert list(document["plan"]) == PLAN
    assert [list(step) for step in document["plan"]["steps"]] == [STEP]
    assert port_of(portdash, "web") is None


def test_release_of_a_parent_needs_a_yes(portdash: Portdash):
    portdash("alloc", "api")
    portdash("alloc", "socket", "--inherit-from", "api")
    refused = portdash("release", "api")
    assert refused.code == 6
    assert "socket" in refused.err
    assert "--yes" in refused.err
    assert port_of(portdash, "api")
    assert portdash("release", "api", "--yes").code == 0
    assert port_of(portdash, "api") is port_of(portdash, "socket") is None


@pytest.mark.parametrize("name", ["nothing", "4", "no-such/web", "two words", "\x1b[31m"])
def test_what_there_is_not(portdash: Portdash, name: str):
    for command in ("release", "move", "resolve"):
        result = portdash(command, name)
        assert result.code == 3
        assert result.out == ""
        assert "\x1b" not in result.err


def test_move(portdash: Portdash, free_port: FreePort):
    old, new = free_port(), free_port()
    portdash("alloc", "web", "--preferred", str(old))
    dry = portdash("move", "web", str(new), "--dry-run")
    assert dry.code == 0
    assert f"move web from {old} to {new}" in dry.out
    assert port_of(portdash, "web") == old
    result = portdash("move", "web", str(new))
    assert result.code == 0
    assert f"web is {new}, was {old}" in result.out
    assert port_of(portdash, "web") == new


def test_move_to_the_next_best(portdash: Portdash, free_port: FreePort):
    old = free_port()
    portdash("alloc", "web", "--preferred", str(old))
    document = portdash("move", "web", "--json").document
    assert list(document) == ["schema_version", "plan", "applied"]
    assert document["applied"] is True
    (step,) = document["plan"]["steps"]
    assert (step["action"], step["service"], step["from"]) == ("move", "web", old)
    assert port_of(portdash, "web") == step["to"] != old


def test_move_onto_a_taken_port(portdash: Portdash, free_port: FreePort, server: Server):
    old, taken = free_port(), free_port()
    portdash("alloc", "web", "--preferred", str(old))
    server(taken)
    result = portdash("move", "web", str(taken))
    assert result.code in (4, 6)
    assert port_of(portdash, "web") == old


def test_adopt(portdash: Portdash, project: Path, home: Path, free_port: FreePort, server: Server):
    port = free_port()
    server(port, cwd=project)
    os.chdir(home)  # the fixture of every test puts it back
    result = portdash("adopt", str(port), "--name", "web")
    assert (result.code, result.out) == (0, f"shop/web {port}\n")
    os.chdir(project)
    document = portdash("status", "--json").document
    assert [(each["name"], each["port"], each["source"]) for each in document["services"]] == [
        ("web", port, "detected")
    ]
    assert portdash("adopt", str(free_port())).code == 3


def test_adopt_for_another_workspace(portdash: Portdash, project: Path, free_port: FreePort, server: Server):
    port, other = free_port(), free_port()
    server(port, cwd=project)
    assert portdash("--workspace", "depot", "allocate", "api", "--preferred", str(other)).code == 0
    result = portdash("adopt", str(port), "--name", "depot/web")
    assert result.code == 0, result.err
    assert f"depot/web {port}" in result.out
    assert portdash("adopt", str(port), "--name", "nowhere/web").code == 2


def test_the_document_of_adopt(portdash: Portdash, project: Path, free_port: FreePort, server: Server):
    ports = [free_port(), free_port()]
    for port in ports:
        server(port, cwd=project)
    document = portdash("adopt", *map(str, ports), "--json").document
    assert list(document) == ["schema_version", "assignments"]
    assert sorted(each["port"] for each in document["assignments"]) == ports
    assert len({each["name"] for each in document["assignments"]}) == 2


def test_one_name_for_two_listeners(portdash: Portdash):
    assert portdash("adopt", "4000", "4001", "--name", "web").code == 2


def test_nothing_to_resolve(portdash: Portdash):
    portdash("alloc", "web")
    result = portdash("resolve", "--json")
    assert result.code == 0
    assert result.document["plan"]["steps"] == []
    assert result.document["applied"] is False


def test_a_dry_run_equals_the_real_one(portdash: Portdash, squatted: Squatted):
    port, holder = squatted
    dry = portdash("resolve", "web", "--dry-run", "--json").document
    assert dry["applied"] is False
    assert port_of(portdash, "web") == port
    real = portdash("resolve", "web", "--yes", "--json").document
    assert real["applied"] is True
    assert real["plan"] == dry["plan"]
    assert port_of(portdash, "web") == real["plan"]["steps"][0]["to"] != port
    assert holder.poll() is None


def test_what_stays_unresolved_is_told_by_the_exit_code(
    portdash: Portdash, squatted: Squatted, free_port: FreePort, server: Server, home: Path
):
    port, pinned = squatted[0], free_port()
    portdash("alloc", "api", "--preferred", str(pinned), "--pin")
    server(pinned, cwd=home / "src" / "blog")
    for arguments in (("--dry-run",), ("--yes",)):
        result = portdash("resolve", *arguments, "--json")
        assert result.code == 6
        assert [(step["service"], step["from"]) for step in result.document["plan"]["steps"]] == [("web", port)]
        assert [f"api is pinned to {pinned}" in left for left in result.document["plan"]["unresolved"]] == [True]
        assert result.document["applied"] is ("--yes" in arguments)
    assert portdash("conflicts").code == 1
    assert portdash("resolve", "--yes").code == 6


def test_resolve_needs_a_yes(portdash: Portdash, squatted: Squatted):
    port, _holder = squatted
    result = portdash("resolve")
    assert result.code == 6
    assert "--yes" in result.err
    assert "move web" in result.out
    assert port_of(portdash, "web") == port
    document = portdash("resolve", "--json")
    assert document.code == 6
    assert document.document["error"]["code"] == "refused"


def test_conservative_leaves_it_and_says_so(portdash: Portdash, squatted: Squatted):
    port, holder = squatted
    result = portdash("resolve", "web", "--strategy", "conservative", "--yes")
    assert result.code == 6
    assert str(holder.pid) in result.out + result.err
    document = portdash("resolve", "web", "--strategy", "conservative", "--yes", "--json")
    assert document.code == 6
    assert document.document["applied"] is False
    assert document.document["plan"]["unresolved"]
    assert port_of(portdash, "web") == port


def test_ending_a_stranger_needs_consent(portdash: Portdash, squatted: Squatted):
    port, holder = squatted
    refused = portdash("resolve", "web", "--strategy", "aggressive", "--yes")
    assert refused.code == 6
    assert "--terminate" in refused.err
    assert holder.poll() is None
    ended = portdash("resolve", "web", "--strategy", "aggressive", "--terminate", "--yes")
    assert ended.code == 0
    holder.wait(timeout=10)
    assert port_of(portdash, "web") == port
    assert portdash("check", str(port)).code == 0


def test_undo(portdash: Portdash, free_port: FreePort):
    old, new = free_port(), free_port()
    portdash("alloc", "web", "--preferred", str(old))
    portdash("move", "web", str(new))
    dry = portdash("undo", "--dry-run")
    assert f"move web from {new} to {old}" in dry.out
    assert port_of(portdash, "web") == new
    document = portdash("undo", "--json").document
    assert list(document) == ["schema_version", "plan", "applied"]
    assert port_of(portdash, "web") == old
    assert portdash("undo").code == 0
    assert port_of(portdash, "web") is None
    assert portdash("undo").code == 3


def test_nothing_to_undo(portdash: Portdash):
    nothing = portdash("undo")
    assert nothing.code == 3
    assert "nothing to undo" in nothing.err


@pytest.mark.parametrize(
    "arguments", [["release", "web"], ["move", "web"], ["undo"], ["resolve", "--yes"], ["allocate", "api"]]
)
def test_read_only_changes_nothing(portdash: Portdash, squatted: Squatted, arguments: list[str]):
    port, _holder = squatted
    result = portdash("--read-only", *arguments)
    assert result.code == 6
    assert port_of(portdash, "web") == port
    assert portdash("--read-only", *arguments, "--json").document["error"]["code"] == "read_only"


def test_read_only_adopts_nothing(portdash: Portdash, project: Path, free_port: FreePort, server: Server):
    port = free_port()
    server(port, cwd=project)
    assert portdash("--read-only", "adopt", str(port)).code == 6
    assert portdash("--read-only", "status", "--json").document["services"] == []


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1), ("", 1)])
def test_asked_at_a_terminal(portdash: Portdash, squatted: Squatted, project: Path, answer: str, code: int):
    port, _holder = squatted
    child = pexpect.spawn(
        sys.executable, ["-m", "portdash", "resolve", "web"], cwd=str(project), encoding="utf-8", dimensions=(40, 200),
        timeout=60, use_poll=True,
    )  # fmt: skip
    child.expect_exact("Apply this? [y/N]")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code
    assert (port_of(portdash, "web") == port) is (code != 0)


def test_colour_at_a_terminal_only_where_it_is_wanted(portdash: Portdash, project: Path):
    portdash("alloc", "web")
    for environ, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        output, status = pexpect.run(
            f"{sys.executable} -m portdash status",
            cwd=str(project),
            env={**os.environ, "TERM": "xterm", **environ},
            withexitstatus=True,
            timeout=60,
            use_poll=True,
        )
        assert status == 0
        assert bool(re.search(rb"\x1b\[", output)) is coloured


@pytest.mark.parametrize("redirection", ["2>/dev/null", "</dev/null"])
def test_the_dashboard_wants_a_terminal_to_read_and_one_to_draw_on(redirection: str):
    command = f"{sys.executable} -m portdash {redirection}"
    _output, status = pexpect.run(f"sh -c '{command}'", withexitstatus=True, timeout=60, use_poll=True)
    assert status == 2
