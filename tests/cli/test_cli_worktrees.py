"""One project checked out twice: the same configuration has two sets of ports, by itself."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(*arguments: str, cwd: Path) -> None:
    identity = ("-c", "user.name=Dev", "-c", "user.email=dev@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def checkouts(home: Path, free_port: FreePort) -> tuple[Path, Path, int]:
    """A project and a linked worktree of it, and the port that its web prefers."""
    root, linked, port = home / "src" / "shop", home / "src" / "shop-fix-login", free_port()
    root.mkdir(parents=True)
    (root / "portdash.toml").write_text(
        f"[services.web]\npreferred = {port}\nrange = [{port}, {port + 50}]\n"
        f'[services.socket]\ninherit_from = "web"\n[services.api]\nbase = {port + 100}\n'
    )
    git("init", "-q", cwd=root)
    git("add", ".", cwd=root)
    git("commit", "-qm", "first", cwd=root)
    git("worktree", "add", "-q", str(linked), "-b", "fix-login", cwd=root)
    return root, linked, port


def test_two_worktrees_have_two_sets_of_ports(
    portdash: Portdash, checkouts: tuple[Path, Path, int], monkeypatch: pytest.MonkeyPatch
):
    root, linked, port = checkouts
    found = {}
    for checkout in (root, linked):
        monkeypatch.chdir(checkout)
        assert portdash("allocate", "web", "socket", "api").code == 0
        found[checkout] = {name: int(portdash("get", name).out) for name in ("web", "socket", "api")}
    ours, theirs = found[root], found[linked]
    assert (ours["web"], ours["api"]) == (port, port + 100)
    assert ours["socket"] == ours["web"]
    assert theirs["socket"] == theirs["web"]
    assert not set(ours.values()) & set(theirs.values())
    monkeypatch.chdir(linked)
    document = portdash("status", "--json").document
    assert document["workspace"].startswith("shop~")
    assert {each["name"]: each["port"] for each in document["services"]} == theirs
    assert portdash("get", "shop/web").out == f"{port}\n"
    monkeypatch.chdir(root)
    assert portdash("get", "shop@fix-login/web").out == f"{theirs['web']}\n"
    assert portdash("allocate", "web").out == f"{port}\n"
