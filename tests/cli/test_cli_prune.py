"""`prune`: the ports of workspaces whose directory is gone, listed first, given back after a yes."""

import importlib
import shutil
import sys
from pathlib import Path

import pexpect
import pytest
from cli_harness import Portdash

from portdash.manager.apply import Outcome
from portdash.manager.deps import Deps
from portdash.model.listener import Process
from portdash.model.orphan import Orphan
from portdash.model.plan import Plan
from portdash.model.ports import IpProtocol
from portdash.model.workspace import Workspace


@pytest.fixture
def gone(portdash: Portdash, project: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two ports whose directory was removed; we stand in another one."""
    root = home / "src" / "fix"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    portdash("alloc", "web", "api")
    monkeypatch.chdir(project)
    portdash("alloc", "web")
    shutil.rmtree(root)
    return root


@pytest.mark.usefixtures("project")
def test_with_nothing_gone_there_is_nothing_to_do(portdash: Portdash):
    portdash("alloc", "web")
    result = portdash("prune", "--yes")
    assert (result.code, result.out) == (0, "")
    assert "no workspace is gone" in result.err


def test_a_dry_run_lists_and_does_nothing(portdash: Portdash, gone: Path):
    result = portdash("prune", "--dry-run")
    assert result.code == 0
    assert f"fix: {gone} is gone" in result.err
    assert "prune fix: 2 ports" in result.out
    assert "release 4000" in result.out
    assert len(portdash("status", "--all", "--json").document["services"]) == 3


@pytest.mark.usefixtures("gone")
def test_without_a_yes_nothing_is_given_back(portdash: Portdash):
    result = portdash("prune")
    assert result.code == 6
    assert "--yes" in result.err
    assert portdash("--read-only", "prune", "--yes").code == 6
    assert len(portdash("status", "--all", "--json").document["services"]) == 3


@pytest.mark.usefixtures("gone")
def test_the_ports_are_given_back_and_can_be_had_again(portdash: Portdash):
    result = portdash("prune", "--yes")
    assert result.code == 0
    assert "web gave 4001 back" in result.out or "web gave 4000 back" in result.out
    assert "`portdash undo` takes that back" in result.err
    assert [each["workspace"] for each in portdash("status", "--all", "--json").document["services"]] == ["shop"]
    assert portdash("undo", "--yes").code == 0
    assert len(portdash("status", "--all", "--json").document["services"]) == 3
    assert "the directory of its workspace is gone" in portdash("history", "--all").out


def test_each_workspace_is_asked_about(portdash: Portdash, project: Path, home: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("first", "second"):
        root = home / "src" / name
        (root / ".git").mkdir(parents=True)
        monkeypatch.chdir(root)
        portdash("alloc", "web")
        shutil.rmtree(root)
    monkeypatch.chdir(project)
    child = pexpect.spawn(sys.executable, ["-m", "portdash", "prune"], encoding="utf-8", timeout=60, use_poll=True)
    for name, answer in (("first", "n"), ("second", "y")):
        child.expect_exact(f"prune {name}: 1 port - give them back? [y/N]: ")
        child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert [each["workspace"] for each in portdash("status", "--all", "--json").document["services"]] == ["first"]


@pytest.mark.parametrize("as_json", [False, True])
def test_what_was_given_back_before_a_refusal_is_said(
    portdash: Portdash, project: Path, home: Path, monkeypatch: pytest.MonkeyPatch, *, as_json: bool
):
    ports, roots = [], [home / "src" / name for name in ("first", "second")]
    for root in roots:
        (root / ".git").mkdir(parents=True)
        monkeypatch.chdir(root)
        ports.append(portdash("alloc", "web").out.strip())
        shutil.rmtree(root)
    monkeypatch.chdir(project)
    module = importlib.import_module("portdash.cli.commands.prune")
    really = module.prune

    def while_the_second_comes_back(deps: Deps, workspace: Workspace, plan: Plan) -> Outcome:
        outcome = really(deps, workspace, plan)
        roots[1].mkdir(exist_ok=True)
        return outcome

    monkeypatch.setattr(module, "prune", while_the_second_comes_back)
    left = Orphan(
        token="0" * 32, service="api", workspace="shop", processes=(Process(pid=77, started_at=1.0, name="node"),),
        sockets=((IpProtocol.TCP, 4100),),
    )  # fmt: skip
    monkeypatch.setattr(module, "orphans", lambda _deps: (left,))
    result = portdash("prune", "--yes", *(["--json"] if as_json else []))
    assert result.code == 6
    assert "second is there again" in (result.document["error"]["message"] if as_json else result.err)
    if as_json:
        document = result.document
        assert not document["applied"]
        assert [(each["workspace"], each["applied"]) for each in document["vanished"]] == [
            ("first", True),
            ("second", False),
        ]
        assert [(each["service"], each["ports"], each["ended"]) for each in document["orphans"]] == [
            ("api", [4100], False)
        ]
    else:
        assert f"web gave {ports[0]} back" in result.out
        assert "undo` takes that back" in result.err
    assert [each["workspace"] for each in portdash("status", "--all", "--json").document["services"]] == ["second"]


def test_the_document_of_prune(portdash: Portdash, gone: Path):
    document = portdash("prune", "--dry-run", "--json").document
    assert list(document) == ["schema_version", "vanished", "kept", "orphans", "applied"]
    ((found),) = document["vanished"]
    assert (found["workspace"], found["root"]) == ("fix", str(gone))
    assert [step["action"] for step in found["plan"]["steps"]] == ["release", "release"]
    assert (document["kept"], document["applied"]) == ([], False)
    assert portdash("prune", "--yes", "--json").document["applied"]


def test_one_that_may_be_on_a_volume_which_is_not_mounted_is_kept(
    portdash: Portdash, project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    root = home / "disk" / "src" / "fix"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    portdash("alloc", "web")
    monkeypatch.chdir(project)
    shutil.rmtree(home / "disk" / "src")
    result = portdash("prune", "--yes")
    assert (result.code, result.out) == (0, "")
    assert f"fix is kept: {root}: {home}/disk is empty, as where a volume is not mounted" in result.err
    (kept,) = portdash("prune", "--yes", "--json").document["kept"]
    assert list(kept) == ["workspace", "root", "reason"]
    assert portdash("get", "fix/web").code == 0
    (home / "disk" / "other").touch()
    assert portdash("prune", "--yes").code == 0
    assert portdash("get", "fix/web").code == 3
