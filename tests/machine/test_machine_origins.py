"""What is told of a listener's origin, from trees of /proc as odd machines have them."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from portdash.machine.local import LocalMachine
from portdash.machine.processes import Processes
from portdash.machine.users import current_user
from portdash.model.listener import NO_HINTS, Listener
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket

pytestmark = pytest.mark.needs_linux


class Proc:
    """A tree like /proc, process by process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "stat").write_text("btime 1700000000\n")
        self.has(1, "systemd", "/sbin/init", parent=0)

    def has(self, pid: int, name: str, line: str | bytes, *, parent: int = 1, state: str = "S") -> Path:
        """Add a process with what everybody may read of it."""
        entry = self.root / str(pid)
        entry.mkdir()
        fields = f"{pid} ({name}) {state} {parent} {pid} {pid} 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {pid} 0 0\n"
        (entry / "stat").write_text(fields)
        data = line.replace(" ", "\0").encode() if isinstance(line, str) else line
        (entry / "cmdline").write_bytes(data + b"\0")
        (entry / "status").write_text(f"Name:\tx\nUid:\t{os.geteuid()}\t{os.geteuid()}\t0\t0\n")
        return entry

    def listener(self, *pids: int, home: Path, port: int = 3000) -> Listener:
        """Return what the machine says of one socket that these processes share."""
        row = Socket(IpProtocol.TCP, "127.0.0.1", port, pids, uid=os.geteuid())
        sockets = type("Sockets", (), {"sockets": lambda _self: (row,)})()
        processes = Processes(proc=str(self.root))
        (found,) = LocalMachine(home, sockets=sockets, processes=processes, home=home).listeners()
        return found


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    root = tmp_path / "proc"
    root.mkdir()
    return Proc(root)


def test_a_unit_is_named_and_keeps_what_runs_in_it(proc: Proc, home: Path):
    entry = proc.has(70, "python", "/srv/venv/bin/python /srv/venv/bin/gunicorn app:app")
    (entry / "cgroup").write_text("0::/system.slice/shop-web.service/workers\n")
    found = proc.listener(70, home=home)
    assert (found.unit, found.via, found.framework, found.orphan) == (
        "shop-web.service",
        "systemd",
        "gunicorn",
        False,
    )


def test_a_zombie_is_no_owner_and_its_row_stays(proc: Proc, home: Path):
    proc.has(70, "node", "", state="Z")
    found = proc.listener(70, home=home)
    assert (found.owner, found.pids, found.label) == (None, (70,), f"owner hidden ({current_user()})")


def test_of_two_that_share_a_socket_the_living_one_is_named(proc: Proc, home: Path):
    proc.has(70, "node", "", state="Z")
    proc.has(80, "node", "node server.js", parent=70)
    assert proc.listener(70, 80, home=home).pid == 80


def test_where_others_processes_are_hidden_what_is_open_to_all_is_told(proc: Proc, home: Path):
    entry = proc.has(70, "redis-server", "redis-server 127.0.0.1:6379")
    (entry / "cmdline").unlink()
    (entry / "status").unlink()
    found = proc.listener(70, home=home)
    assert found.owner
    assert (found.owner.command, found.owner.cwd, found.project, found.hints) == (None, None, None, NO_HINTS)
    assert (found.framework, found.user) == ("redis", current_user())


def test_a_directory_that_is_gone_is_shown_and_no_project(proc: Proc, home: Path):
    entry = proc.has(70, "node", "node server.js")
    (entry / "cwd").symlink_to("/home/me/shop (deleted)")
    found = proc.listener(70, home=home)
    assert found.owner
    assert (found.owner.cwd, found.project) == ("/home/me/shop (deleted)", None)


def test_a_hostile_directory_is_compared_as_it_is_and_shown_clean(proc: Proc, home: Path):
    place = os.fsencode(home) + b"/a\xff\x1b]0;x\x07"
    Path(os.fsdecode(place)).mkdir()
    Path(os.fsdecode(place), "package.json").write_text('{"name": "\\u001b[31mred"}')
    entry = proc.has(70, "node", b"node\0\x1b[2J/vite\0\xff")
    (entry / "cwd").symlink_to(os.fsdecode(place))
    found = proc.listener(70, home=home)
    assert found.owner
    assert found.project
    assert found.owner.cwd == found.project.root == os.fsdecode(place)
    shown = (found.project.name, found.title, found.framework, *found.owner.command)
    assert all(text and text.isprintable() for text in shown)


@pytest.mark.parametrize(
    ("keeper", "environ", "via"),
    [
        (("PM2 v5.3.0: God", "PM2 v5.3.0: God Daemon"), b"pm_id=0\0name=api\0", "pm2 api › nodemon"),
        (("PM2 v5.3.0: God", "PM2 v5.3.0: God Daemon"), b"name=api\0", "pm2 › nodemon"),
        (("claude", "claude"), b"", "claude › nodemon"),
        (("bash", "bash"), b"", "nodemon"),
    ],
)
def test_who_started_it_and_who_starts_it_again(
    proc: Proc, home: Path, keeper: tuple[str, str], environ: bytes, via: str
):
    proc.has(40, keeper[0], keeper[1].encode())
    proc.has(50, "node", "node /x/node_modules/.bin/nodemon server.js", parent=40)
    (proc.has(60, "node", "node server.js", parent=50) / "environ").write_bytes(environ)
    found = proc.listener(60, home=home)
    assert found.via == via
    assert [each.title for each in found.ancestors][:2] == ["node nodemon server.js", None]
    assert replace(found.hints, pm2=None) == NO_HINTS


def test_a_tunnel_is_told_by_the_port(proc: Proc, home: Path):
    proc.has(60, "ssh", "ssh -N -L 5432:db:5432 -L 6379:cache:6379 bastion")
    assert proc.listener(60, home=home, port=6379).via == "ssh -L 6379:cache:6379"
    assert proc.listener(60, home=home, port=5432).via == "ssh -L 5432:db:5432"
