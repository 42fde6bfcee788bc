"""`suggest`, `history`, `ranges`: lists for people and documents for programs."""

import re
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server, is_harmless

pytestmark = pytest.mark.usefixtures("project")


def test_suggest_says_which_ports_and_why_not_others(portdash: Portdash, free_port: FreePort, server: Server):
    busy = free_port()
    server(busy)
    (Path.cwd() / "portdash.toml").write_text(
        f"[services.web]\npreferred = {busy}\nrange = [{busy}, {busy + 50}]\n", encoding="utf-8"
    )
    result = portdash("suggest", "web", "--count", "2")
    assert result.code == 0
    heading, first, second = result.out.splitlines()
    assert heading.split() == ["PORT", "HOW", "PASSED", "OVER", "BEFORE", "IT"]
    assert first.split()[1] == "fallback"
    assert f"{busy} held by " in first
    assert int(second.split()[0]) > int(first.split()[0]) > busy
    assert "web: the service web" in result.err
    assert portdash("alloc", "web").out.strip() == first.split()[0]
    assert portdash("suggest", "web").out.splitlines()[1].split()[:3] == [first.split()[0], "has", "it"]


def test_the_document_of_suggest(portdash: Portdash):
    document = portdash("suggest", "ml", "--count", "3", "--json").document
    assert list(document) == ["schema_version", "name", "type", "meant", "current", "suggestions"]
    assert (document["type"], document["meant"], document["current"]) == ("ml", "the type ml", None)
    assert [list(each) for each in document["suggestions"]] == [["port", "source", "reasons"]] * 3
    assert all(8300 <= each["port"] <= 8499 for each in document["suggestions"])
    assert portdash("history").out == ""  # nothing was reserved


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["8080"], 2), (["a b"], 2), (["web", "--count", "0"], 2), (["web", "--count", "65"], 2), ([], 2)],
)
def test_suggest_refuses_what_it_cannot_read(portdash: Portdash, arguments: list[str], code: int):
    assert portdash("suggest", *arguments).code == code


def test_suggest_with_nothing_left(portdash: Portdash, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORTDASH_PORT_MAX", "2000")
    assert portdash("suggest", "ml").code == 4


def test_history_tells_who_changed_what(portdash: Portdash, free_port: FreePort):
    port, other = free_port(), free_port()
    portdash("alloc", f"web={port}")
    portdash("move", "web", str(other))
    portdash("release", "web")
    result = portdash("history")
    heading, *lines = result.out.splitlines()
    assert heading.split() == ["WHEN", "SERVICE", "WHAT", "WHO", "WHY"]
    assert [re.split(r"\s{2,}", line)[1:4] for line in lines] == [
        ["web", f"released {other}", "cli"],
        ["web", f"moved {port} to {other}", "cli"],
        ["web", f"assigned {port}", "cli"],
    ]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d ", line) for line in lines)
    assert len(portdash("history", "--limit", "1").out.splitlines()) == 2


def test_history_of_one_service_or_of_everything(portdash: Portdash, home: Path, monkeypatch: pytest.MonkeyPatch):
    portdash("alloc", "web", "api")
    assert {each["service"] for each in portdash("history", "--json").document["events"]} == {"web", "api"}
    (event,) = portdash("history", "--service", "WEB", "--json").document["events"]
    assert list(event) == ["at", "kind", "workspace", "service", "from", "to", "actor", "reason", "revision", "host"]
    assert (event["kind"], event["workspace"], event["from"], event["actor"]) == ("assigned", "shop", None, "cli")
    monkeypatch.chdir(home)
    assert portdash("history").out == ""
    assert "shop/web" in portdash("history", "--all").out
    assert "assigned" in portdash("history", "--service", "shop/web").out
    unknown = portdash("history", "--service", "web")
    assert unknown.code == 3
    assert "--all" in unknown.err


def test_history_is_shown_clean(portdash: Portdash, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEB_PORT", "\x1b]0;title\x07")
    portdash("alloc", "web", "--env", "WEB_PORT", "--purpose", "\x9b2J")
    assert is_harmless(portdash("history").out)


def test_ranges_count_what_is_assigned(portdash: Portdash):
    before = portdash("ranges", "--json").document["ranges"]
    portdash("alloc", "a", "b", "--type", "ml")
    after = portdash("ranges", "--json").document["ranges"]
    (was,), (now,) = ([each for each in found if each["name"] == "ml-services"] for found in (before, after))
    assert now["assigned"] == was["assigned"] + 2
    assert now["used"] + now["unusable"] + now["free"] == now["total"] == 200
    assert now["percent"] == round(100 * now["used"] / 200, 1)
    assert [each["name"] for each in after][-2:] == ["dynamic-pool", "sequential"]


def test_ranges_as_a_table(portdash: Portdash):
    heading, *lines = portdash("ranges").out.splitlines()
    assert heading.split()[:4] == ["RANGE", "TYPE", "PRIORITY", "PORTS"]
    assert lines[3].split()[:4] == ["api-gateway", "gateway", "2", "8000-8099"]
    assert len(lines) == 11
    assert "| system-db | database | 1 | 5000-5999 |" in portdash("ranges", "--markdown").out


def test_ranges_that_meet_the_system_are_noticed(portdash: Portdash, project: Path):
    (project / "portdash.toml").write_text("[[ranges]]\nname = 'high|'\ntype = 'x'\nrange = [30000, 61000]\n")
    result = portdash("ranges", "--markdown")
    assert "| high\\| | x |" in result.out
    assert "hands out" in result.err
