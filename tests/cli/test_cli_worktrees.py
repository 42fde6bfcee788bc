"""One project checked out twice: the same configuration has two sets of ports, by itself."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cli_harness import FreePort, Portdash, Server, is_harmless

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


def test_what_is_done_to_the_other_checkout_names_it_by_its_label(
    portdash: Portdash, checkouts: tuple[Path, Path, int], monkeypatch: pytest.MonkeyPatch
):
    root, linked, port = checkouts
    monkeypatch.chdir(linked)
    portdash("allocate", "web")
    monkeypatch.chdir(root)
    moved = portdash("move", "shop@fix-login/web", str(port + 7))
    undone = portdash("undo", "--yes")
    told = portdash("history", "--all")
    assert "shop@fix-login/web is" in moved.out
    assert undone.out.count("shop@fix-login/web") == 3  # the step, what is left to start, and what came of it
    assert "shop@fix-login/web" in told.out
    assert "shop~" not in moved.out + undone.out + told.out


def test_a_server_of_the_other_checkout_on_my_port_is_a_conflict_and_no_success(
    portdash: Portdash, checkouts: tuple[Path, Path, int], server: Server, monkeypatch: pytest.MonkeyPatch
):
    root, linked, port = checkouts
    for checkout in (root, linked):
        monkeypatch.chdir(checkout)
        assert portdash("allocate", "web").code == 0
    theirs = server(port, cwd=linked)
    monkeypatch.chdir(root)

    (web,) = [each for each in portdash("status", "--json").document["services"] if each["name"] == "web"]
    assert (web["port"], web["status"], web["ownership"]) == (port, "conflict", "foreign")
    found = portdash("conflicts", "--json")
    (conflict,) = found.document["conflicts"]
    assert (found.code, conflict["kind"], conflict["service"]) == (1, "squatted", "web")
    assert f"{theirs.pid} works in shop@fix-login, another checkout than shop" in conflict["detail"]

    (holder,) = portdash("who", str(port), "--json").document["holders"]
    assert (holder["ownership"], holder["project"], holder["pid"]) == ("foreign", "shop@fix-login", theirs.pid)
    told = portdash("who", str(port)).out
    assert "shop@fix-login" in told
    assert f"workspace    {web['workspace']}~" in told
    assert "\nservice      ≠ web\n" in told
    assert is_harmless(told)


def test_each_checkout_s_own_server_is_a_success(
    portdash: Portdash, checkouts: tuple[Path, Path, int], server: Server, monkeypatch: pytest.MonkeyPatch
):
    for checkout in checkouts[:2]:
        monkeypatch.chdir(checkout)
        server(int(portdash("allocate", "web").out), cwd=checkout)
    for checkout in checkouts[:2]:
        monkeypatch.chdir(checkout)
        (web,) = [each for each in portdash("status", "--json").document["services"] if each["name"] == "web"]
        assert (web["status"], web["ownership"]) == ("running", "presumed")
        assert portdash("conflicts").code == 0
