"""A project and a linked worktree of it, both up at once: two sets of ports, and each one's clients reach its own."""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from supervised import LIMIT, Run
from test_supervisor_up import Command

from portdash import Client
from portdash.errors import NoInstances

pytestmark = [
    pytest.mark.needs_linux,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]

HTTP = [sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1"]


def git(*arguments: str, cwd: Path) -> None:
    identity = ("-c", "user.name=Dev", "-c", "user.email=dev@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def checkouts(project: Path, command: Command) -> Iterator[tuple[Path, Path]]:
    """Two checkouts of one project, each trusted, with a file that says which it is; all that runs is ended after."""
    linked = project.with_name("shop-fix-login")
    (project / ".git").rmdir()
    (project / "portdash.toml").write_text(
        f"[services.api]\ncommand = {json.dumps(HTTP)}\n"
        f'[services.web]\ncommand = {json.dumps(HTTP)}\ndepends_on = ["api"]\n'
        '[services.websocket]\ninherit_from = "api"\n'
    )
    git("init", "-q", cwd=project)
    git("add", ".", cwd=project)
    git("commit", "-qm", "first", cwd=project)
    git("worktree", "add", "-q", str(linked), "-b", "fix-login", cwd=project)
    for root in (project, linked):
        (root / "which.txt").write_text(root.name)
        assert command("trust", "--yes", cwd=root).returncode == 0
    yield project, linked
    for root in (project, linked):
        command("stop", cwd=root)


def processes_in(root: Path) -> list[psutil.Process]:
    """Return the processes that work in a checkout."""
    found = []
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if each.cwd() == str(root):
                found.append(each)
    return found


def which(root: Path, service: str) -> str:
    """Return what a client that was made in a checkout is answered."""
    with contextlib.chdir(root), Client(service) as client:
        return client.get("/which.txt").text


def test_two_worktrees_are_up_at_once_and_each_has_its_own_servers(
    launch: Run, command: Command, checkouts: tuple[Path, Path]
):
    ups = [launch("up", "-d", cwd=root) for root in checkouts]
    assert [each.ends() for each in ups] == [0, 0], [each.err for each in ups]
    told = [dict(line.split() for line in each.out.splitlines()) for each in ups]
    assert [set(each) for each in told] == [{"api", "web"}] * 2
    assert len({port for each in told for port in each.values()}) == 4
    for root, ports in zip(checkouts, told, strict=True):
        assert command("get", "websocket", cwd=root).stdout.strip() == ports["api"]
        assert [which(root, name) for name in ("api", "web")] == [root.name] * 2
    running = [each for root in checkouts for each in processes_in(root)]
    assert len(running) == 8
    ours, theirs = checkouts
    assert command("stop", cwd=ours).returncode == 0
    with pytest.raises(NoInstances):
        which(ours, "api")
    assert which(theirs, "api") == theirs.name
    assert command("stop", cwd=theirs).returncode == 0
    assert psutil.wait_procs(running, LIMIT)[1] == []  # a run answers a moment before its end
