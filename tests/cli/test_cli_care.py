"""`report`, `config`, `completion`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from cli_harness import FreePort, Portdash, Server

from portdash.errors import ExitCode
from portdash.machine.limits import read_limits

pytestmark = pytest.mark.usefixtures("project")


def test_report_is_text_about_the_workspace(portdash: Portdash, home: Path):
    portdash("alloc", "web")
    result = portdash("report")
    assert result.code == 0
    assert "web" in result.out
    assert str(home) not in result.out
    assert str(home) in portdash("report", "--no-redact").out


def test_the_summary_block(portdash: Portdash, free_port: FreePort):
    port = free_port()
    portdash("alloc", "web-server", "--preferred", str(port))
    lines = portdash("report", "--format", "summary").out.splitlines()
    assert lines[1] == "=" * 50
    assert lines[2] == f"{'web-server':<20} | Port: {port} | ✅ PREFERRED | Attempts: 1"
    assert lines[-1].endswith("Success rate: 100.0%")


def test_the_document_of_report(portdash: Portdash):
    portdash("alloc", "web")
    plain, document = portdash("report", "--format", "json"), portdash("report", "--json")
    assert next(iter(document.document)) == "schema_version"
    assert json.loads(plain.out)["services"] == document.document["services"]
    assert portdash("report", "--json", "--format", "text").code == 2


def test_the_scopes(portdash: Portdash, home: Path, monkeypatch: pytest.MonkeyPatch):
    portdash("alloc", "web", "api")
    assert [each["name"] for each in portdash("report", "--json", "--scope", "web").document["services"]] == ["web"]
    assert portdash("report", "--scope", "nothing").code == 3
    monkeypatch.chdir(home)
    assert portdash("report", "--json").document["services"] == []
    assert len(portdash("report", "--json", "--scope", "all").document["services"]) == 2


def test_report_to_a_file(portdash: Portdash, project: Path):
    portdash("alloc", "web")
    result = portdash("report", "--format", "markdown", "-o", "report.md")
    assert (result.code, result.out) == (0, "")
    assert "web" in (project / "report.md").read_text(encoding="utf-8")
    failed = portdash("report", "-o", "no/such/directory/report.md")
    assert failed.code == 2
    assert "no/such/directory/report.md: No such file" in failed.err
    assert "name another file with -o" in failed.err


def test_report_on_the_clipboard(portdash: Portdash, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    portdash("alloc", "web")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "pbcopy").write_text(f"#!/bin/sh\nexec cat >'{tmp_path}/copied'\n")
    (tools / "pbcopy").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    result = portdash("report", "--copy")
    assert result.code == 0
    assert "copied with pbcopy" in result.err
    assert (tmp_path / "copied").read_text() == result.out.removesuffix("\n")


def test_report_through_the_terminal(portdash: Portdash, project: Path):
    portdash("alloc", "web")
    output = pexpect.run(f"{sys.executable} -m portdash report --copy", cwd=str(project), timeout=60, use_poll=True)
    assert output.count(b"\x1b]52;c;") == 1


def test_config_path(portdash: Portdash, project: Path):
    (project / "portdash.toml").write_text("base_port = 4100\n")
    result = portdash("config", "path")
    assert result.code == 0
    assert str(project / "portdash.toml") in result.out
    assert "portdash.db" in result.out
    document = portdash("config", "path", "--json").document
    assert next(iter(document)) == "schema_version"
    assert document["project_file"] == str(project / "portdash.toml")


def test_config_show_says_where_a_value_comes_from(portdash: Portdash, project: Path, monkeypatch: pytest.MonkeyPatch):
    (project / "portdash.toml").write_text('base_port = 4100\n[services.web]\npreferred = [4200]\ntype = "gateway"\n')
    monkeypatch.setenv("PORTDASH_PORT_MIN", "3000")
    result = portdash("config", "show")
    assert result.code == 0
    lines = {line.split()[0]: line for line in result.out.splitlines() if line.strip()}
    assert "4100" in lines["base_port"]
    assert "portdash.toml" in lines["base_port"]
    assert "built-in" in lines["strategy"]
    assert "4200" in lines["services.web.preferred"]
    document = portdash("config", "show", "--json").document
    assert document["values"]["base_port"] == {"value": 4100, "origin": str(project / "portdash.toml")}


def test_config_check(portdash: Portdash, project: Path):
    (project / "portdash.toml").write_text("base_port = 4100\n")
    good = portdash("config", "check")
    assert good.code == 0
    (project / "portdash.toml").write_text('base_port = "x"\n[services.web]\npreferrred = [1]\n')
    bad = portdash("config", "check")
    assert bad.code == 2
    assert "preferrred" in bad.out + bad.err
    assert "preferred" in (bad.out + bad.err).replace("preferrred", "")
    assert "base_port" in bad.out + bad.err
    document = portdash("config", "check", "--json").document
    assert len(document["problems"]) == 2
    assert list(document["problems"][0]) == ["place", "key", "value", "message", "hint"]


def test_config_check_names_every_wrong_key_of_the_dashboard(portdash: Portdash, home: Path):
    user = home / ".config" / "portdash" / "config.toml"
    user.parent.mkdir(parents=True, exist_ok=True)
    user.write_text('[keys]\nrelase = "D"\nmove = "bogus"\nundo = "c"\nleave = ""\nfree = ""\nopen = "f5"\n')
    bad = portdash("config", "check")
    assert bad.code == 2
    said = bad.out.splitlines()
    assert [line.partition(": keys.")[2].partition(" (")[0] for line in said] == [
        "relase: there is no such command",
        "move = bogus: that is not a key",
        'leave = "": that would leave no way out of a dialog',
        "undo = c: resolve has that key",
    ]
    assert all(line.startswith(f"{user}: ") for line in said)
    assert "did you mean release?" in said[0]
    document = portdash("config", "check", "--json").document
    assert [each["key"] for each in document["problems"]] == ["keys.relase", "keys.move", "keys.leave", "keys.undo"]
    user.write_text('[keys]\nfree = ""\nopen = "f5, ctrl+o"\n')
    assert portdash("config", "check").code == 0


@pytest.mark.parametrize("command", [["status"], ["get", "web"], ["allocate", "web"], ["config", "show"]])
def test_an_unknown_key_is_one_line_with_the_nearest_name(portdash: Portdash, project: Path, command: list[str]):
    (project / "portdash.toml").write_text("[services.web]\npreferrred = [4200]\n")
    result = portdash(*command)
    assert result.code == 2
    assert result.err.count("\n") == 1
    for word in ("portdash.toml", "preferrred", "preferred"):
        assert word in result.err


@pytest.mark.parametrize("text", ["[services", "base_port = 99999", "\x00", 'strategy = "wild"'])
def test_a_configuration_that_cannot_be_used(portdash: Portdash, project: Path, text: str):
    (project / "portdash.toml").write_text(text)
    result = portdash("status")
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "portdash.toml" in result.err


def test_a_configuration_that_cannot_be_read(portdash: Portdash, project: Path):
    (project / "portdash.toml").mkdir()
    result = portdash("--config", str(project / "portdash.toml"), "status")
    assert result.code == 2
    assert portdash("--config", str(project / "nothing.toml"), "status").code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(portdash: Portdash, shell: str):
    result = portdash("completion", shell)
    assert result.code == 0
    assert "_PORTDASH_COMPLETE" in result.out
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    assert subprocess.run([program, "-n"], input=result.out, text=True, check=False).returncode == 0


def test_completion_of_another_shell(portdash: Portdash):
    assert portdash("completion", "tcsh").code == 2


def test_what_the_shell_asks_for(program: Portdash):
    result = program(_PORTDASH_COMPLETE="bash_complete", COMP_WORDS="portdash co", COMP_CWORD="1")
    assert result.out.split() == ["plain,conflicts", "plain,compose", "plain,config", "plain,completion"]


@pytest.mark.parametrize("arguments", [("get", "web"), ("status",), ("allocate", "web")], ids=" ".join)
def test_a_store_that_cannot_be_there_is_no_empty_one(portdash: Portdash, tmp_path: Path, arguments: tuple[str, ...]):
    (tmp_path / "file").write_text("")
    done = portdash("--store", f"sqlite:///{tmp_path}/file/portdash.db", *arguments)
    assert done.code == ExitCode.STORE
    assert "file/portdash.db" in done.err


@pytest.mark.parametrize("variable", ["bad name", "PATH", "WEB", "\x1b[31mPORT"])
def test_a_variable_that_cannot_be_is_refused(portdash: Portdash, variable: str):
    done = portdash("allocate", "web", "--env", variable)
    assert done.code == ExitCode.USAGE
    assert done.out == ""


def test_read_only_writes_nothing_at_all(portdash: Portdash, home: Path):
    before = sorted(home.rglob("*"))
    for arguments in (("status",), ("ls",), ("get", "web"), ("conflicts",)):
        portdash("--read-only", *arguments)
    assert sorted(home.rglob("*")) == before


def test_report_says_how_many_conflicts_were_settled(portdash: Portdash, free_port: FreePort, server: Server):
    port = free_port()
    portdash("alloc", "web", "--preferred", str(port))
    server(port)
    before = portdash("report", "--json").document["history"]
    assert (before["conflicts_found"], before["conflict_resolution_rate"]) == (1, 0.0)
    assert portdash("resolve", "web", "--yes").code == 0
    assert "Conflicts    found 1, resolved 1 (100.0%)" in portdash("report").out
    assert portdash("report", "--format", "summary").out.endswith("• Conflicts: found 1, resolved 1 (100.0%)\n")


def test_a_range_that_the_system_keeps_is_a_problem_and_a_part_of_one_a_warning(portdash: Portdash, home: Path):
    kept = read_limits().ephemeral
    assert kept is not None
    file = home / "src" / "shop" / "portdash.toml"
    file.write_text(f"[services.web]\nrange = [{kept.first}, {kept.first + 9}]\n")
    result = portdash("config", "check")
    assert result.code == 2
    assert f"{file}: services.web.range: no port of it can be had here" in result.out
    assert portdash("config", "check", "--json").document["problems"][0]["key"] == "services.web.range"
    file.write_text(f"[services.web]\nrange = [{kept.first - 1}, {kept.first + 9}]\n")
    result = portdash("config", "check")
    assert (result.code, result.out) == (0, "")
    assert "portdash: warning: " in result.err
    assert "not every port of it can be had here" in result.err


def test_what_runs_elsewhere_is_shown_and_gets_no_port(portdash: Portdash, home: Path):
    (home / "src" / "shop" / "portdash.toml").write_text('[services.lmstudio]\nurl = "http://localhost:1234"\n')
    assert "Elsewhere\n  lmstudio  http://localhost:1234\n" in portdash("status").out
    refused = portdash("alloc", "lmstudio")
    assert (refused.code, refused.out) == (2, "")
    assert "it runs elsewhere, at http://localhost:1234" in refused.err
    assert portdash("url", "lmstudio").out == "http://localhost:1234\n"
