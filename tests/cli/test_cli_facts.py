"""`status`, `ls`, `check`, `who`, `conflicts`: what they say of what is there."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server, is_harmless

pytestmark = pytest.mark.usefixtures("project")

LISTENER = [
    "protocol", "address", "port", "pid", "pids", "process", "command", "user", "cwd", "project", "container", "via",
    "connections", "orphan", "started_at", "service", "workspace", "ownership", "framework",
]  # fmt: skip


def test_status_of_an_empty_home(portdash: Portdash):
    result = portdash("status")
    assert result.code == 0
    assert "portdash allocate NAME" in result.out
    assert "Next Available Port: 4000" in result.out


def test_status_of_a_project(portdash: Portdash, project: Path, free_port: FreePort, server: Server):
    running, idle = free_port(), free_port()
    portdash("alloc", f"api={running}", f"web={idle}", "--purpose", "The | shop")
    server(running, cwd=project)
    result = portdash("status")
    lines = {line.split()[0]: line.split() for line in result.out.splitlines() if line.strip()}
    assert lines["SERVICE"] == ["SERVICE", "PORT", "SOURCE", "STATUS", "HEALTH", "HELD", "BY", "PURPOSE"]
    assert lines["api"][:4] == ["api", "detected", "on", "port"] or lines["api"][1] == str(running)
    assert f"api detected on port {running}" in result.out
    assert "running" in result.out
    assert "available" in result.out
    assert "Environment: development" in result.out
    assert "Store: sqlite:///" in result.out
    assert f"| web | {idle} | The \\| shop |" in portdash("status", "--markdown").out


def test_the_document_of_status(portdash: Portdash):
    portdash("alloc", "web", "api")
    document = portdash("status", "--json").document
    assert list(document) == [
        "schema_version", "environment", "workspace", "store", "next_available", "summary", "services", "conflicts",
    ]  # fmt: skip
    assert list(document["store"]) == ["url", "revision", "stale_since"]
    assert document["store"]["stale_since"] is None
    assert list(document["summary"]) == [
        "services", "preferred", "fallback", "inherited", "detected", "conflicts", "attempts", "success_rate",
    ]  # fmt: skip
    assert document["workspace"] == "shop"
    assert [service["name"] for service in document["services"]] == ["api", "web"]


def test_status_of_every_workspace(portdash: Portdash, home: Path, monkeypatch: pytest.MonkeyPatch):
    portdash("alloc", "web")
    monkeypatch.chdir(home)
    assert "web" not in portdash("status").out
    assert "shop/web" in portdash("status", "--all").out
    assert len(portdash("status", "--all", "--json").document["services"]) == 1


def test_ls_finds_a_listener_by_port_wildcard_and_pid(portdash: Portdash, free_port: FreePort, server: Server):
    port = free_port()
    pid = server(port).pid
    for pattern in (str(port), f"{str(port)[:4]}*", str(pid)):
        found = portdash("ls", pattern, "--json").document["listeners"]
        assert (port, pid) in [(each["port"], each["pid"]) for each in found]
    assert str(port) not in portdash("ls", "no-such-process").out


def test_the_document_of_ls(portdash: Portdash, project: Path, free_port: FreePort, server: Server):
    port = free_port()
    portdash("alloc", f"web={port}")
    server(port, "--secret-word", cwd=project)
    document = portdash("ls", str(port), "--json").document
    assert list(document) == ["schema_version", "listeners", "stale_since"]
    (listener,) = document["listeners"]
    assert list(listener) == LISTENER
    assert (listener["port"], listener["service"], listener["project"]) == (port, "web", "shop")
    assert listener["ownership"] in ("confirmed", "presumed")


def test_ls_of_udp(portdash: Portdash):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        found = portdash("ls", "--udp", "--json").document["listeners"]
    assert port in [each["port"] for each in found]
    assert {each["protocol"] for each in found} == {"udp"}


def test_ls_of_a_type(portdash: Portdash, project: Path, free_port: FreePort, server: Server):
    web, other = free_port(), free_port()
    portdash("alloc", "web", "--preferred", str(web), "--type", "gateway")
    server(web, cwd=project)
    server(other, cwd=project)
    ports = [each["port"] for each in portdash("ls", "--type", "Gateway", "--json").document["listeners"]]
    assert ports == [web]


def test_check_of_a_free_port(portdash: Portdash, free_port: FreePort):
    port = free_port()
    result = portdash("check", str(port))
    assert (result.code, result.out) == (0, f"{port} is free\n")
    document = portdash("check", str(port), "--json").document
    nothing: list[object] = []
    assert document == {
        "schema_version": 1, "port": port, "free": True,
        "holders": nothing, "addresses": nothing, "assigned": nothing, "bound": nothing, "facts": nothing,
    }  # fmt: skip


def test_check_of_a_port_that_is_taken(portdash: Portdash, free_port: FreePort, server: Server):
    port = free_port()
    portdash("alloc", f"web={port}")
    holder = server(port)
    result = portdash("check", f"{port}/tcp")
    assert result.code == 1
    assert f"{port} is taken" in result.out
    assert str(holder.pid) in result.out
    assert "on 127.0.0.1" in result.out
    assert "assigned to shop/web" in result.out
    document = portdash("check", str(port), "--json").document
    assert list(document)[:4] == ["schema_version", "port", "free", "holders"]
    assert document["assigned"] == ["shop/web"]
    assert list(document["holders"][0]) == [*LISTENER, "parents", "unit", "evidence"]


def test_check_of_udp(portdash: Portdash):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        assert portdash("check", f"{port}/udp").code == 1
    assert portdash("check", f"{port}/udp").code == 0


@pytest.mark.parametrize("command", ["check", "who", "adopt"])
@pytest.mark.parametrize("port", ["0", "70000", "abc", "", "-1", "80/sctp", "80/", "8\x1b0", "٣"])
def test_what_is_no_port(portdash: Portdash, command: str, port: str):
    result = portdash(command, "--", port)
    assert result.code == 2
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert "\x1b" not in result.err


def test_who_of_a_server_whose_directory_is_gone(portdash: Portdash, home: Path, free_port: FreePort, server: Server):
    port, place = free_port(), home / "src" / "gone"
    place.mkdir(parents=True)
    (place / "package.json").write_text('{"name": "gone"}')
    server(port, cwd=place)
    assert "project      gone" in portdash("who", str(port)).out
    (place / "package.json").unlink()
    place.rmdir()
    told = portdash("who", str(port))
    assert f"directory    {place} (deleted)" in told.out
    assert "project" not in told.out


def test_who_says_what_runs_why_and_in_which_package(portdash: Portdash, project: Path, free_port: FreePort):
    package, port = project / "packages" / "site", free_port()
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "@shop/site"}')
    launcher = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-u', '-m', 'http.server', sys.argv[1],"
        " '--bind', '127.0.0.1'], stdout=subprocess.PIPE); print(child.stdout.readline().decode(), flush=True);"
        " sys.stdin.read(); child.kill(); child.wait()"
    )
    environ = {**os.environ, "npm_lifecycle_event": "dev", "npm_package_name": "@shop/site", "PORT": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", launcher, str(port)],
        cwd=package,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline()
        told, document = portdash("who", str(port)).out, portdash("who", str(port), "--json").document
        listed = [
            portdash("ls", each, "--json").document["listeners"] for each in ("http.serv", "SITE", "http.server*")
        ]
        process.stdin.close()
    assert all(port in [each["port"] for each in listeners] for listeners in listed)
    lines = dict(line.split(maxsplit=1) for line in told.splitlines())
    assert lines["framework"] == "http.server"
    assert lines["project"] == "shop, package site"
    assert lines["script"] == "dev of @shop/site"
    assert lines["told"] == f"PORT=1, and listens on {port}"
    assert lines["why"].endswith(" › python http.server")
    assert (document["holders"][0]["framework"], document["holders"][0]["unit"]) == ("http.server", None)


def test_who(portdash: Portdash, project: Path, free_port: FreePort, server: Server):
    port = free_port()
    holder = server(port, cwd=project)
    result = portdash("who", str(port))
    assert result.code == 0
    assert str(holder.pid) in result.out
    assert str(project) in result.out
    document = portdash("who", str(port), "--json").document
    assert document["holders"][0]["pid"] == holder.pid
    assert document["holders"][0]["parents"]
    assert portdash("who", str(free_port())).code == 1


def test_no_conflicts(portdash: Portdash):
    portdash("alloc", "web")
    result = portdash("conflicts")
    assert (result.code, result.out, result.err) == (0, "", "no conflicts\n")
    assert portdash("conflicts", "--json").document == {"schema_version": 1, "conflicts": [], "stale_since": None}


def test_a_conflict(portdash: Portdash, home: Path, free_port: FreePort, server: Server):
    other = home / "src" / "blog"
    (other / ".git").mkdir(parents=True)
    port = free_port()
    portdash("alloc", f"web={port}")
    holder = server(port, cwd=other)
    result = portdash("conflicts")
    assert result.code == 1
    assert str(holder.pid) in result.out
    document = portdash("conflicts", "--json").document
    (conflict,) = document["conflicts"]
    assert list(conflict) == ["kind", "service", "port", "holder", "detail"]
    assert (conflict["kind"], conflict["service"], conflict["port"]) == ("squatted", "web", port)
    assert "squatted" in portdash("status").out


def test_what_two_services_wish_for(portdash: Portdash, project: Path, free_port: FreePort):
    port = free_port()
    (project / "portdash.toml").write_text(
        f"[services.hrm]\npreferred = [{port}]\n[services.voice]\npreferred = [{port}]\n"
    )
    assert portdash("conflicts").code == 0
    result = portdash("conflicts", "--static")
    assert result.code == 1
    assert "contested" in result.out


HOSTILE = ["\x1b]52;c;cGxlYXNl\x07", "[/red]", "\x9b31m", "a\nb\rc\t", "\u202egnp.exe", "[@click=app.quit]x[/]"]


def test_arguments_of_a_process_cannot_speak_to_the_terminal(portdash: Portdash, free_port: FreePort, server: Server):
    port = free_port()
    portdash("alloc", f"web={port}")
    server(port, *HOSTILE)
    for command in (["ls"], ["ls", str(port)], ["who", str(port)], ["check", str(port)], ["status"], ["conflicts"]):
        result = portdash(*command)
        assert is_harmless(result.out + result.err), command
    assert "[/red]" in portdash("who", str(port)).out
    document = portdash("ls", str(port), "--json")
    assert "\x1b" not in document.out
    assert "[/red]" in document.document["listeners"][0]["command"]


def test_a_directory_cannot_speak_to_the_terminal(portdash: Portdash, home: Path, free_port: FreePort, server: Server):
    port = free_port()
    place = home / "x\x1b[31m\udcff"
    place.mkdir()
    server(port, cwd=place)
    for command in (["who", str(port)], ["ls", str(port)], ["ls", str(port), "--json"]):
        result = portdash(*command)
        assert result.code == 0
        assert is_harmless(result.out), command


def test_no_colour_when_piped(portdash: Portdash):
    portdash("alloc", "web")
    assert "\x1b" not in portdash("status").out


def test_signs_where_the_output_cannot_carry_them(
    program: Portdash, project: Path, home: Path, free_port: FreePort, server: Server
):
    port = free_port()
    other = home / "src" / "blog"
    (other / ".git").mkdir(parents=True)
    program("alloc", f"web={port}", cwd=project)
    server(port, cwd=other)
    result = program("ls", str(port), cwd=project, PYTHONIOENCODING="ascii")
    assert result.code == 0
    assert "! web" in result.out
    summary = program("report", "--format", "summary", cwd=project, PYTHONIOENCODING="ascii").out
    assert summary.isascii()
    assert summary.startswith("PORT ALLOCATION SUMMARY:\n")
    assert f"| Port: {port:<5} | PREFERRED | Attempts: 1\n" in summary


def test_status_says_what_services_are_for_once_one_says_it(portdash: Portdash):
    portdash("allocate", "api")
    assert "PURPOSE" not in portdash("status").out
    portdash("allocate", "web", "--purpose", "the shop's page")
    heading, api, web = portdash("status").out.splitlines()[1:4]
    assert heading.endswith("PURPOSE")
    assert web.endswith("the shop's page")
    assert api.endswith("nobody")


def test_a_service_with_neither_a_port_nor_a_command_is_declared_and_not_stopped(portdash: Portdash, project: Path):
    (project / "portdash.toml").write_text('[services.api]\nbase = 5600\n[services.web]\ncommand = ["true"]\n')
    lines = {line.split()[0]: line.split() for line in portdash("status").out.splitlines() if line}
    assert (lines["api"][3], lines["web"][3]) == ("declared", "stopped")
    assert {each["name"]: each["status"] for each in portdash("status", "--json").document["services"]} == {
        "api": "stopped",
        "web": "stopped",
    }
