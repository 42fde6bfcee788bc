"""The whole machine: from parts by hand, and as it is."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

import pytest
from machine_children import Serve

from portdash.machine import local
from portdash.machine.local import LocalMachine
from portdash.machine.processes import Setting
from portdash.machine.users import current_user
from portdash.model.listener import Ancestor, Listener, Process
from portdash.model.plan import Target
from portdash.model.policy import PortLimits
from portdash.model.ports import IpProtocol
from portdash.model.project import Project
from portdash.model.sockets import Socket
from portdash.model.sources import Machine

TCP, UDP = IpProtocol.TCP, IpProtocol.UDP


class Sockets:
    def __init__(self, *rows: Socket) -> None:
        self.rows = rows

    def sockets(self) -> tuple[Socket, ...]:
        return self.rows


class Table:
    def __init__(self, *processes: Process) -> None:
        self.asked: list[int] = []
        self._by_pid = {each.pid: each for each in processes}

    def process(self, pid: int) -> Process | None:
        self.asked.append(pid)
        return self._by_pid.get(pid)


class KnowingTable(Table):
    def __init__(self, *processes: Process, setting: Setting) -> None:
        super().__init__(*processes)
        self._setting = setting

    def setting(self, pid: int) -> Setting:
        assert pid in self._by_pid
        return self._setting


def row(port: int, *pids: int, address: str = "127.0.0.1", **more: object) -> Socket:
    return Socket(**{"protocol": TCP, "address": address, "port": port, "pids": pids, **more})  # type: ignore[arg-type]


INIT = Process(pid=1, name="init")


def test_it_is_a_machine(tmp_path: Path):
    machine: Machine = LocalMachine(tmp_path)
    assert machine.user == current_user()
    assert machine.host == LocalMachine(tmp_path).host
    assert machine.boot_id() == machine.boot_id() != ""


def test_rows_come_in_order(tmp_path: Path):
    sockets = Sockets(
        row(90), row(80, address="::1"), row(80, protocol=UDP), row(80, address="0.0.0.0"), row(80, address="127.0.0.1")
    )
    found = LocalMachine(tmp_path, sockets=sockets, processes=Table()).listeners()
    assert [(each.port, each.protocol, each.address) for each in found] == [
        (80, TCP, "0.0.0.0"),
        (80, TCP, "127.0.0.1"),
        (80, TCP, "::1"),
        (80, UDP, "127.0.0.1"),
        (90, TCP, "127.0.0.1"),
    ]


def test_everything_about_a_listener(tmp_path: Path, home: Path):
    shop = home / "shop"
    (shop / "src").mkdir(parents=True)
    (shop / "package.json").write_text('{"name": "storefront"}')
    tmux = Process(pid=10, name="tmux: server", parent=1)
    master = Process(pid=20, name="node", parent=10, user="me", cwd=str(shop / "src"))
    worker = Process(pid=30, name="node", parent=20, user="me", cwd="/")
    table = Table(INIT, tmux, master, worker)
    sockets = Sockets(row(3000, 20, 30, connections=2), row(3000, 30, 20, address="::1"))
    first, second = LocalMachine(tmp_path, sockets=sockets, processes=table, home=home).listeners()
    assert first == Listener(
        protocol=TCP,
        address="127.0.0.1",
        port=3000,
        owner=master,
        pids=(20, 30),
        user="me",
        project=Project(root=str(shop), name="storefront"),
        via="tmux",
        connections=2,
        ancestors=(Ancestor(10, "tmux: server"), Ancestor(1, "init")),
    )
    assert (second.pids, second.via, second.project) == ((20, 30), "tmux", first.project)
    assert sorted(table.asked) == [1, 10, 20, 30]  # each once, however many sockets


class LivingTable(Table):
    """A table that tells whether a process is as it was."""

    def __init__(self, *processes: Process) -> None:
        super().__init__(*processes)
        self.lives: dict[int, object] = {each.pid: 1 for each in processes}

    def lineage(self, pid: int) -> object:
        return self.lives.get(pid)

    def lineages(self, pids: Collection[int]) -> dict[int, object]:
        return {pid: self.lineage(pid) for pid in pids}

    def ran(self, pid: int) -> object:  # noqa: ARG002
        return None

    def as_now(self, process: Process) -> Process | None:
        return self.process(process.pid)


def test_what_rests_on_the_same_rows_and_processes_is_not_worked_out_again(tmp_path: Path):
    table = LivingTable(INIT, Process(pid=10, name="sh", parent=1), Process(pid=20, name="node", parent=10))
    sockets = Sockets(row(1, 20), row(2, 99))
    machine = LocalMachine(tmp_path, sockets=sockets, processes=table)
    first = machine.listeners()
    assert machine.listeners() is first
    sockets.rows = (*sockets.rows, row(3, 20))
    assert len(machine.listeners()) == 3
    for pid in (20, 10, 99):  # the owner, one above it, one that was not there
        table.asked.clear()
        table.lives[pid] = 2
        assert machine.listeners()
        assert pid in table.asked
    table.lives[99] = None
    assert machine.listeners() is machine.listeners()


def test_without_a_cheap_word_about_processes_all_is_worked_out_each_time(tmp_path: Path):
    machine = LocalMachine(tmp_path, sockets=Sockets(row(1, 20)), processes=Table(Process(pid=20)))
    assert machine.listeners() is not machine.listeners()


def test_hidden_owners_stay_with_their_user(tmp_path: Path):
    sockets = Sockets(row(5432, uid=0), row(5433), row(5434, 99))
    found = LocalMachine(tmp_path, sockets=sockets, processes=Table()).listeners()
    assert [each.label for each in found] == ["owner hidden (root)", "owner hidden", "owner hidden"]
    assert found[2].pids == (99,)


def test_only_our_own_processes_are_called_orphans(tmp_path: Path):
    ours = Process(pid=20, name="node", parent=1, user=current_user())
    theirs = Process(pid=30, name="epmd", parent=1, user="rabbitmq")
    table = KnowingTable(INIT, ours, theirs, setting=Setting(has_terminal=False))
    machine = LocalMachine(tmp_path, sockets=Sockets(row(1, 20), row(2, 30)), processes=table)
    assert [(each.orphan, each.via) for each in machine.listeners()] == [(True, "orphan"), (False, None)]


def test_rules_about_ports_are_read_anew_after_some_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    read, now = [], [100.0]

    def limits() -> PortLimits:
        read.append(1)
        return PortLimits(unprivileged_start=len(read))

    monkeypatch.setattr(local, "read_limits", limits)
    monkeypatch.setattr(local.sys, "platform", "linux")
    monkeypatch.setattr(local.time, "monotonic", lambda: now[0])
    machine = LocalMachine(tmp_path, sockets=Sockets(), processes=Table())
    assert machine.limits() is machine.limits()
    now[0] += 4.0
    assert machine.limits().unprivileged_start == 2
    now[0] -= 50.0
    assert machine.limits().unprivileged_start == 3


def test_a_refused_table_is_an_os_error(tmp_path: Path):
    class Refusing:
        def sockets(self) -> tuple[Socket, ...]:
            raise PermissionError(13, "refused")

    with pytest.raises(PermissionError):
        LocalMachine(tmp_path, sockets=Refusing()).listeners()


def test_directories_that_are_gone_and_that_are_hidden(tmp_path: Path):
    machine = LocalMachine(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert machine.is_directory(str(tmp_path))
    assert not any(machine.is_directory(str(tmp_path / name)) for name in ("none", "file", "file/x", "a\0b"))
    assert machine.is_directory(str(tmp_path / "loop"))  # it cannot be told, so nothing is taken from it


@pytest.mark.needs_linux
class TestThisMachine:
    def test_a_real_project_s_server(self, tmp_path: Path, home: Path, serve: Serve):
        shop = home / "shop"
        (shop / ".git").mkdir(parents=True)
        child = serve("--fork", "2", cwd=shop, env={**os.environ, "PYTHONPATH": ""})
        found = [each for each in LocalMachine(tmp_path, home=home).listeners() if each.port == child.port]
        (listener,) = found
        assert (listener.protocol, listener.address, listener.pid) == (TCP, "127.0.0.1", child.pid)
        assert listener.pids == (child.pid, *sorted(child.pids[1:]))
        assert listener.project == Project(root=str(shop), name="shop", repository="shop")
        assert listener.user == current_user()
        assert listener.ancestors[0].pid == os.getpid()
        assert listener.ancestors[-1].pid == 1
        assert not listener.orphan

    def test_every_kind_of_socket(self, tmp_path: Path):
        with ExitStack() as stack:
            for address, kind in (
                ("127.0.0.1", socket.SOCK_STREAM),
                ("::1", socket.SOCK_STREAM),
                ("::", 1),
                ("::1", 2),
            ):
                made = stack.enter_context(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind))
                made.bind((address, 0))
                if kind == socket.SOCK_STREAM:
                    made.listen()
                port, protocol = made.getsockname()[1], TCP if kind == socket.SOCK_STREAM else UDP
                seen = [
                    (each.address, each.pid)
                    for each in LocalMachine(tmp_path).listeners()
                    if (each.port, each.protocol) == (port, protocol)
                ]
                assert seen == [(address, os.getpid())]

    def test_a_child_whose_parent_has_ended_is_an_orphan(self, tmp_path: Path, serve: Serve):
        child = serve("--daemon")
        (orphan,) = child.pids
        try:
            child.process.stdin.close()
            child.process.wait()
            (found,) = [each for each in LocalMachine(tmp_path).listeners() if each.port == child.port]
        finally:
            os.kill(orphan, signal.SIGKILL)
        adopted = found.ancestors[0].pid == 1 or found.ancestors[0].name in ("systemd", "init")
        assert found.pid == orphan
        assert (found.orphan, found.via) == ((True, "orphan") if adopted else (False, found.via))

    def test_hostile_processes_can_be_shown(self, tmp_path: Path, serve: Serve):
        child = serve(argv0=b"[/red]\x1b]52;c;aGk=\x07", more=("\u202e".encode(), b"\xff"))
        (found,) = [each for each in LocalMachine(tmp_path).listeners() if each.port == child.port]
        assert all(
            part.isprintable() for part in (*found.owner.command, found.label, *(a.name for a in found.ancestors))
        )

    def test_ending_a_child(self, tmp_path: Path, serve: Serve):
        child = serve()
        machine = LocalMachine(tmp_path)
        process = machine.process(child.pid)
        shown = Target(label=process.label, protocol=TCP, port=child.port, pid=child.pid, ticks=process.ticks)
        assert machine.bind_error(TCP, child.port) == "in use"
        assert machine.terminate(shown, grace=10.0).endswith(f"{child.port} is free")
        assert machine.bind_error(TCP, child.port) is None

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who sees less")
    def test_another_user_sees_our_listener_and_that_it_is_ours(self, tmp_path: Path):
        code = (
            "import os, sys; from pathlib import Path; from portdash.machine.local import LocalMachine\n"
            "machine = LocalMachine(Path(sys.argv[1])); machine.listeners()  # loads all while it may\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "for each in LocalMachine(Path(sys.argv[1])).listeners(): print(each.port, each.label)"
        )
        with socket.create_server(("127.0.0.1", 0)) as server:
            command = [sys.executable, "-c", code, str(tmp_path)]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            assert f"{server.getsockname()[1]} owner hidden (root)" in told.splitlines()

    def test_nothing_heavy_is_loaded_before_it_is_needed(self, tmp_path: Path):
        code = (
            "import sys; from pathlib import Path; from portdash.machine.local import LocalMachine\n"
            "machine = LocalMachine(Path(sys.argv[1])); machine.host; machine.limits(); machine.boot_id()\n"
            "machine.process(1); machine.bind_error('tcp', 65000)\n"
            "print(sorted({'psutil', 'subprocess', 'asyncio', 'tomllib', 'textual'} & set(sys.modules)))"
        )
        told = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
        assert told.stdout == "[]\n"
