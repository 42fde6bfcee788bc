"""What people mistype: each is said as what it is, with what to do, and changes nothing."""

from pathlib import Path

import pytest
from cli_harness import Portdash

pytestmark = pytest.mark.usefixtures("project")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["allocate", "web", "--preferred", "-1"], "'-1' is not a range of ports"),
        (["allocate", "web", "--preferred", "3000,"], "'3000,' is no list of ports"),
        (["allocate", "web", "--preferred", ""], "'' is no list of ports"),
        (["allocate", "web", "--preferred", "08080"], "'08080' is not a port"),
        (["allocate", "web", "--range", "5000-"], "'5000-' is not a range of ports"),
        (["allocate", "web", "--range", "-5000"], "'-5000' is not a range of ports"),
        (["allocate", "web", "--range", "5000-04999"], "'5000-04999' is not a range of ports"),
        (["allocate", "web", "--exclude", "1,,2"], "'1,,2' is no list of ports"),
        (["check", "08080"], "'08080' is not a port"),
        (["export", "-o", "nope/ports.env"], "nope/ports.env cannot be written: there is no such directory"),
        (["export", "-o", "."], ". cannot be written: it is a directory"),
        (["allocate", "web", "--type", ""], "'' is no type of service"),
        (["allocate", "web", "--type", "x\x1b[2J"], "'x\\x1b[2J' is no type of service"),
    ],
)
def test_what_is_wrong_is_named(portdash: Portdash, arguments: list[str], words: str):
    result = portdash(*arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert result.err.count("\n") == 1
    assert portdash("status", "--json").document["services"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["resolve", ""],
        ["resolve", "", "--yes"],
        ["release", ""],
        ["release", "shop/"],
        ["move", ""],
        ["health", " "],
        ["stop", ""],
        ["logs", ""],
        ["report", "--scope", ""],
        ["snippet", "compose", ""],
        ["--environment", "", "status"],
        ["--environment", "", "get", "web"],
        ["--environment", "", "reset", "--yes"],
        ["--store", "", "get", "web"],
        ["--workspace", "", "get", "web"],
        ["--config", "", "get", "web"],
    ],
    ids=" ".join,
)
def test_an_empty_name_as_of_an_unset_variable_is_no_name(portdash: Portdash, arguments: list[str]):
    assert portdash("allocate", "web").code == 0
    result = portdash(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("portdash: error: ")
    assert result.err.count("\n") == 1
    assert portdash("get", "web").code == 0


@pytest.mark.parametrize("text", ["", "A=1\nWEB_PORT=3000\n", "[]", "3000", "a: 1\n", "- services\n", "null"])
def test_a_file_that_is_no_compose_file(portdash: Portdash, project: Path, text: str):
    (project / "x.yaml").write_text(text)
    result = portdash("compose", "check", "x.yaml")
    assert (result.code, result.out) == (2, "")
    assert "x.yaml is no compose file: it has no services" in result.err


@pytest.mark.parametrize("text", ["services: {}", "volumes: {}", "x-common: {}", "include: [a.yaml]"])
def test_a_compose_file_that_publishes_nothing(portdash: Portdash, project: Path, text: str):
    (project / "x.yaml").write_text(text)
    assert portdash("compose", "check", "x.yaml").code == 0


def test_a_workspace_that_nobody_has_heard_of(portdash: Portdash):
    portdash("allocate", "web")
    result = portdash("--workspace", "shpo", "status")
    assert result.code == 0
    assert "there is no workspace shpo yet" in result.err
    assert "did you mean shop?" in result.err
    for known in ("shop", "SHOP"):
        assert "no workspace" not in portdash("--workspace", known, "status").err


def test_a_workspace_that_is_meant_is_said_once(portdash: Portdash):
    first = portdash("--workspace", "scratch", "allocate", "web")
    assert (first.code, first.err.count("there is no workspace scratch yet")) == (0, 1)
    assert portdash("--workspace", "scratch", "status").err == ""
