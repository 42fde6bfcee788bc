"""Development and production side by side: two ports for one service, each where its environment says."""

from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash

FILE = """
[services.web]
range = "5000-5100"
[services.api]
range = "3000-3100"
[services.hmr]
range = "24678-24778"
[environments.production.services.web]
range = "5000-5010"
[environments.production.services.api]
range = "3000-3010"
"""


@pytest.fixture
def shop(project: Path) -> Path:
    (project / "portdash.toml").write_text(FILE)
    return project


@pytest.mark.usefixtures("shop")
def test_one_service_has_a_port_in_each_environment(portdash: Portdash):
    developing = portdash("alloc", "web", "api", "--json").document["assignments"]
    producing = portdash("--environment", "production", "alloc", "web", "api", "--json").document["assignments"]
    assert [each["environment"] for each in (*developing, *producing)] == ["development"] * 2 + ["production"] * 2
    web, api = producing
    assert web["port"] in range(5000, 5011)
    assert api["port"] in range(3000, 3011)
    assert len({each["port"] for each in (*developing, *producing)}) == 4
    assert portdash("get", "web").out == f"{developing[0]['port']}\n"
    assert portdash("--environment", "production", "get", "web").out == f"{web['port']}\n"


@pytest.mark.usefixtures("shop")
def test_a_narrow_range_counts_in_its_environment_alone(portdash: Portdash, monkeypatch: pytest.MonkeyPatch):
    fits = portdash("alloc", "web", "--base", "5050")
    assert int(fits.out) in range(5050, 5101)
    monkeypatch.setenv("PORTDASH_ENV", "production")
    refused = portdash("alloc", "web", "--base", "5050")
    assert refused.code == 2
    assert "5050" in refused.err
    assert "5000-5010" in refused.err


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("variables", "environment"),
    [
        ({}, "development"),
        ({"ENV": "production"}, "production"),
        ({"ENV": "posix"}, "development"),  # other programs have their own idea of ENV
        ({"ENV": "production", "PORTDASH_ENV": "development"}, "development"),
        ({"PORTDASH_ENV": "production"}, "production"),
    ],
)
def test_who_says_the_environment(
    portdash: Portdash, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], environment: str
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert portdash("status", "--json").document["environment"] == environment


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("flag", ["staging", "prod"])
def test_an_environment_that_nothing_declares_is_refused(portdash: Portdash, flag: str):
    result = portdash("--environment", flag, "alloc", "web")
    assert result.code == 2
    assert f"Unknown environment: {flag} (from --environment)" in result.err
    assert "production" in result.err


def test_bounds_that_leave_nothing_of_a_range_are_said(portdash: Portdash, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORTDASH_PORT_MIN", "6100")
    monkeypatch.setenv("PORTDASH_PORT_MAX", "6105")
    refused = portdash("alloc", "web", "--range", "5000-5002")
    assert refused.code == 4
    assert "No available ports found in range 5000-5002 after 3 attempts." in refused.err
    assert "PORTDASH_PORT_MIN" in refused.err
    assert int(portdash("alloc", "web").out) in range(6100, 6106)


@pytest.mark.parametrize("wish", [("--range", "3000-70000"), ("--base", "70000"), ("--base", "0"), ("--range", "9-8")])
def test_no_search_goes_beyond_what_is_a_port(portdash: Portdash, wish: tuple[str, str]):
    assert portdash("alloc", "web", *wish).code == 2


def test_a_range_of_a_later_layer_wins_over_an_earlier_base_and_the_other_way_round(
    portdash: Portdash, project: Path, free_port: FreePort
):
    first = free_port()
    (project / "portdash.toml").write_text(
        f"[services.web]\nbase = {first}\n[services.api]\nrange = [{first + 200}, {first + 210}]\n"
        f'[environments.staging.services.web]\nrange = "{first + 300}-{first + 320}"\n'
        f"[environments.staging.services.api]\nbase = {first + 400}\n"
    )
    assert portdash("--environment", "staging", "allocate", "web", "api").code == 0
    assert first + 300 <= int(portdash("--environment", "staging", "get", "web").out) <= first + 320
    assert first + 400 <= int(portdash("--environment", "staging", "get", "api").out) <= first + 500
    (project / "portdash.toml").write_text(f"[services.web]\nbase = {first}\nrange = [{first + 5}, {first + 9}]\n")
    refused = portdash("status")
    assert refused.code == 2
    assert f"services.web.base = {first}: outside the service's own range" in refused.err


PRODUCTION = ("--environment", "production")


def test_a_written_file_is_that_of_the_environment_which_wrote_it(portdash: Portdash, shop: Path):
    for chosen, name in (((), ".env"), (PRODUCTION, ".env.production")):
        assert portdash(*chosen, "alloc", "web", "api").code == 0
        assert portdash(*chosen, "export", *(("-o", name) if chosen else ())).code == 0
    before = (shop / ".env").read_bytes()
    moved = portdash(*PRODUCTION, "move", "web")
    assert ".env.production says so, too" in moved.out
    assert "still say" not in moved.err
    assert (shop / ".env").read_bytes() == before
    assert ".env: " not in portdash(*PRODUCTION, "env", "--check").out
    assert ".env: up to date" in portdash("env", "--check").out


def test_a_file_that_another_environment_has_written_over_is_its_from_then_on(portdash: Portdash, shop: Path):
    for chosen in ((), PRODUCTION):
        assert portdash(*chosen, "alloc", "web", "api").code == 0
        assert portdash(*chosen, "export").code == 0
    before = (shop / ".env").read_bytes()
    assert "so, too" not in portdash("move", "web").out
    assert (shop / ".env").read_bytes() == before
    assert ".env, .env.compose and port_exports.sh say so, too" in portdash(*PRODUCTION, "move", "web").out
    assert (shop / ".env").read_bytes() != before
