"""`portdash verify`, and `portdash check` with all that it knows."""

import os
import re
import socket
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server
from kernel import tells_bound

from portdash.manager.checking import free_part
from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol

pytestmark = pytest.mark.usefixtures("project")


def test_nothing_to_verify(portdash: Portdash):
    result = portdash("verify")
    assert (result.code, result.out) == (0, "")
    assert portdash("verify", "--json").document == {"schema_version": 1, "verified": True, "services": []}


def test_services_that_run_and_that_do_not(portdash: Portdash, project: Path, free_port: FreePort, server: Server):
    running, idle = free_port(), free_port()
    portdash("alloc", f"api={running}", f"web={idle}")
    server(running, cwd=project)
    result = portdash("verify")
    assert result.code == 0
    rows = [line.split()[:3] for line in result.out.splitlines()[1:]]
    assert rows == [["api", str(running), "owned"], ["web", str(idle), "idle"]]
    assert result.err == "2 services: 1 held by their own server, 0 to look at\n"


def test_a_squatter(portdash: Portdash, home: Path, free_port: FreePort, server: Server):
    other = home / "src" / "blog"
    (other / ".git").mkdir(parents=True)
    port = free_port()
    portdash("alloc", f"web={port}")
    holder = server(port, cwd=other)
    result = portdash("verify")
    assert result.code == 1
    assert "squatted" in result.out
    assert str(holder.pid) in result.out
    document = portdash("verify", "--json").document
    (found,) = document["services"]
    assert list(found) == [
        "service", "workspace", "protocol", "port", "answer", "good", "ownership", "holder", "leased", "detail",
    ]  # fmt: skip
    assert (document["verified"], found["answer"], found["ownership"]) == (False, "squatted", "foreign")


def test_another_workspace_only_when_asked(portdash: Portdash, home: Path, monkeypatch: pytest.MonkeyPatch):
    portdash("alloc", "web")
    monkeypatch.chdir(home)
    assert portdash("verify").out == ""
    assert "shop/web" in portdash("verify", "--all").out


def test_a_port_on_one_address(portdash: Portdash, free_port: FreePort, server: Server):
    port = free_port()
    holder = server(port)
    result = portdash("check", str(port), "127.0.0.1", "::1")
    assert result.code == 1
    first, second, *_ = result.out.splitlines()
    assert first.startswith(f"{port} on 127.0.0.1 is taken: ")
    assert str(holder.pid) in first
    assert second == f"{port} on ::1 is free"
    assert portdash("check", str(port), "::1").code == 0
    document = portdash("check", str(port), "::1", "--json").document
    assert list(document) == ["schema_version", "port", "free", "holders", "addresses", "assigned", "bound", "facts"]
    assert document["addresses"] == [{"address": "::1", "free": True, "holder": None, "refusal": None}]
    assert f"{port} is free on ::1" in portdash("check", str(port)).out


def test_an_address_of_another_machine(portdash: Portdash, free_port: FreePort):
    port = free_port()
    result = portdash("check", str(port), "203.0.113.9")
    assert (result.code, result.out) == (1, f"{port} on 203.0.113.9 cannot be had: no address of this machine\n")


@pytest.mark.parametrize("address", ["web", "127.0.0.1:80", "300.1.1.1", "\x1b[31m", ""])
def test_what_is_no_address(portdash: Portdash, address: str):
    result = portdash("check", "3000", address)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert "\x1b" not in result.err


def test_a_port_that_is_bound_where_nobody_listens(portdash: Portdash, free_port: FreePort):
    port = free_port()
    with socket.socket() as held:
        held.bind(("127.0.0.1", port))
        result = portdash("check", str(port))
    assert result.code == 1
    assert "nobody listens, but the system refuses it" in result.out
    silent = "may be bound by a socket that does not listen, or be the near end of a connection"
    named = rf"is bound by \S+ {os.getpid()}, and nobody listens"
    assert re.search(named if tells_bound() else silent, result.out)


def test_every_reason_in_one_look(portdash: Portdash, project: Path, free_port: FreePort):
    wish = free_port()
    (project / "portdash.toml").write_text(
        f"[services.web]\npreferred = [{wish}]\n[services.api]\nexclude = [{wish}]\n"
    )
    portdash("alloc", f"old={wish}")
    portdash("release", "old")
    result = portdash("check", str(wish))
    assert result.code == 0
    assert result.out.splitlines() == [
        f"{wish} is free",
        f"{wish} was given back by old less than a minute ago",
        f"{wish} is excluded by shop/api",
        f"{wish} is preferred by shop/web, which has no port yet",
    ]
    kinds = [each["kind"] for each in portdash("check", str(wish), "--json").document["facts"]]
    assert kinds == ["quarantined", "excluded_by", "preferred_by"]


@pytest.mark.needs_linux
def test_ports_of_the_system(portdash: Portdash):
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert "hands to outgoing connections" in portdash("check", str((first + last) // 2 + os.getpid() % 97)).out
    assert "is refused by browsers and fetch" in portdash("check", "6000").out
    assert "needs a privilege" in portdash("check", "81").out


def test_the_free_part_of_a_port(free_port: FreePort):
    port = free_port()
    with socket.socket() as held:
        held.bind(("127.0.0.1", port))
        held.listen()
        taken = Listener(protocol=IpProtocol.TCP, address="127.0.0.1", port=port)
        assert free_part(IpProtocol.TCP, port, [taken]) in (("::1",), ())
