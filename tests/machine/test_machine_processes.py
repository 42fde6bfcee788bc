"""Facts about real processes, among them some that do not want to be shown as they are."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from machine_children import Serve

from portdash.machine import lineages, processes
from portdash.machine.processes import (
    ARGUMENT_BYTES,
    ARGUMENTS,
    Once,
    Processes,
    PsutilProcesses,
    Setting,
    split_arguments,
)
from portdash.machine.procfs import lineage_of
from portdash.machine.users import current_user
from portdash.model.listener import Process

pytestmark = pytest.mark.needs_linux


def test_our_own_facts():
    process = Processes().process(os.getpid())
    assert (process.pid, process.parent, process.user) == (os.getpid(), os.getppid(), current_user())
    assert process.cwd == str(Path.cwd())
    assert process.ticks > 0
    assert process.command == tuple(part[:256] for part in Path("/proc/self/cmdline").read_text().split("\0") if part)


def test_both_tables_tell_the_same():
    raw, psutil = Processes().process(os.getpid()), PsutilProcesses().process(os.getpid())
    assert (raw.name, raw.command, raw.user, raw.cwd) == (psutil.name, psutil.command, psutil.user, psutil.cwd)
    assert raw.parent == psutil.parent
    assert raw.started_at == pytest.approx(psutil.started_at, abs=0.02)


def test_gone_is_none():
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    child.stdout.read()  # end of file: it is over, and we have not collected it
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert Processes().process(child.pid) is None
    assert PsutilProcesses().process(child.pid) is None
    child.communicate()
    assert Processes().process(child.pid) is None
    assert PsutilProcesses().process(child.pid) is None
    assert Processes().setting(child.pid) == Setting()


HOSTILE = (b"[/red]", b"\x1b[31mred", b"\x1b]52;c;aGk=\x07", "\u202egnp.exe".encode(), b"\xff\xfe", b"two\nlines")


def test_hostile_arguments_come_out_clean(serve: Serve):
    child = serve(more=HOSTILE, argv0=b"\x1b]0;pwned\x07python")
    process = Processes().process(child.pid)
    shown = process.command
    assert all(part.isprintable() for part in shown)
    assert shown[0] == "\\x1b]0;pwned\\x07python"
    assert shown[2:] == (
        "[/red]",
        "\\x1b[31mred",
        "\\x1b]52;c;aGk=\\x07",
        "\\u202egnp.exe",
        "\\xff\\xfe",
        "two\\x0alines",
    )


def test_a_name_of_the_process_s_own_choosing_is_clean_too(serve: Serve):
    child = serve("--name", "\x1b[5m) S 1 (x")
    assert Processes().process(child.pid).name == "\\x1b[5m) S 1 (x"


def test_a_megabyte_of_arguments_is_cut(serve: Serve):
    child = serve(more=(b"x" * 100_000,) * 10)
    command = Processes().process(child.pid).command
    assert len("".join(command)) <= ARGUMENT_BYTES
    assert len(command) == 3  # interpreter, script and what fits of the first argument
    assert len(command[2]) == 256
    many = serve(more=(b"y",) * 5000)
    assert len(Processes().process(many.pid).command) == ARGUMENTS


@pytest.mark.parametrize(
    ("data", "command"),
    [
        (b"node\0server.js\0", ("node", "server.js")),
        (b"nginx: worker process\0\0\0\0\0", ("nginx: worker process",)),
        (b"next-server (v15.5.29)\0\0\0", ("next-server (v15.5.29)",)),
        (b"a\0\0b", ("a", "b")),
        (b"", ()),
    ],
)
def test_titles_written_over_arguments(data: bytes, command: tuple[str, ...]):
    assert split_arguments(data) == command


def fake(
    root: Path,
    pid: int,
    *,
    name: str = "node",
    command: bytes = b"node\0",
    state: str = "S",
    ticks: int = 5,
    parent: int = 1,
):
    entry = root / str(pid)
    entry.mkdir(exist_ok=True)
    fields = f"{pid} ({name}) {state} {parent} {pid} 999 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {ticks} 0 0\n"
    (entry / "stat").write_text(fields)
    (entry / "cmdline").write_bytes(command)
    (entry / "status").write_text("Name:\tx\nUid:\t1\t0\t0\t0\n")
    (root / "stat").write_text("cpu 1 2\nbtime 1700000000\n")
    return entry


def test_what_may_not_be_read_is_none(tmp_path: Path):
    entry = fake(tmp_path, 7, ticks=os.sysconf("SC_CLK_TCK") * 3)
    for name in ("cmdline", "status"):
        (entry / name).unlink()
    assert Processes(proc=str(tmp_path)).process(7) == Process(
        pid=7, started_at=1700000003.0, ticks=os.sysconf("SC_CLK_TCK") * 3, name="node", parent=1
    )


def test_a_name_that_the_kernel_cut_is_completed(tmp_path: Path):
    fake(tmp_path, 7, name="next-server (v1", command=b"next-server (v15.5.29)\0\0")
    fake(tmp_path, 8, name="puma 5.6.5 (tcp", command=b"puma 5.6.5 (tcp://127.0.0.1:18313) [rack]\0")
    table = Processes(proc=str(tmp_path))
    assert table.process(7).name == "next-server (v15.5.29)"
    assert table.process(8).name == "puma 5.6.5 (tcp"


def test_a_pid_given_again_is_another_process(tmp_path: Path):
    table = Processes(proc=str(tmp_path))
    fake(tmp_path, 7, command=b"node\0old.js\0")
    assert table.process(7).command == ("node", "old.js")
    fake(tmp_path, 7, command=b"node\0new.js\0", ticks=6)
    assert table.process(7).command == ("node", "new.js")


def test_a_program_that_execs_another_is_read_anew(tmp_path: Path):
    table = Processes(proc=str(tmp_path))
    fake(tmp_path, 7, name="sh", command=b"sh\0-c\0exec node\0")
    assert table.process(7).name == "sh"
    fake(tmp_path, 7, name="node", command=b"node\0")
    assert (table.process(7).name, table.process(7).command) == ("node", ("node",))


def test_arguments_of_a_settled_process_are_read_once(tmp_path: Path):
    table = Processes(proc=str(tmp_path))
    entry = fake(tmp_path, 7)
    first = table.process(7)
    (entry / "cmdline").unlink()
    assert table.process(7) == first


def test_a_dead_entry_is_no_process(tmp_path: Path):
    fake(tmp_path, 7, state="Z")
    assert Processes(proc=str(tmp_path)).process(7) is None


def test_settings(tmp_path: Path, serve: Serve):
    entry = fake(tmp_path, 7)
    (entry / "cgroup").write_text("0::/system.slice/x.service\n")
    table = Processes(proc=str(tmp_path))
    assert table.setting(7) == Setting(has_terminal=False, cgroup="/system.slice/x.service", session_alive=False)
    child = serve()
    setting = Processes().setting(child.pid)
    assert (setting.has_terminal, setting.session_alive) == (False, True)


def test_inside_a_container_what_all_have_in_common_says_nothing(tmp_path: Path):
    (tmp_path / "self").mkdir()
    own = "/docker/" + "ab" * 32
    (tmp_path / "self" / "cgroup").write_text(f"0::{own}/init\n")
    (fake(tmp_path, 7) / "cgroup").write_text(f"0::{own}/system.slice/x.service\n")
    (fake(tmp_path, 8) / "cgroup").write_text("0::/docker/" + "cd" * 32 + "\n")
    table = Processes(proc=str(tmp_path))
    assert table.setting(7).cgroup == "/system.slice/x.service"
    assert table.setting(8).cgroup == "/docker/" + "cd" * 32


def test_once_asks_once():
    asked: list[int] = []

    class Table:
        def process(self, pid: int) -> Process | None:
            asked.append(pid)
            return Process(pid=pid) if pid < 10 else None

    once = Once(Table())
    assert [once.process(pid) for pid in (1, 11, 1, 11)] == [Process(pid=1), None, Process(pid=1), None]
    assert asked == [1, 11]


class TestLineages:
    """All at once they are what each is by itself, whatever was remembered."""

    PIDS = (7, 8, 9, 10)

    def test_of_all_at_once_and_of_each(self, tmp_path: Path):
        table = Processes(proc=str(tmp_path))
        fake(tmp_path, 7)
        fake(tmp_path, 8, name="node) S 1", parent=7)
        fake(tmp_path, 9, state="Z")
        for _ in range(2):
            assert table.lineages(self.PIDS) == {pid: table.lineage(pid) for pid in self.PIDS}
        assert table.lineages(self.PIDS)[9] is table.lineages(self.PIDS)[10] is None

    @pytest.mark.parametrize("changes", [{"ticks": 6}, {"name": "sh"}, {"parent": 3}, {"state": "Z"}])
    def test_any_change_shows_at_once(self, tmp_path: Path, changes: dict[str, Any]):
        fake(tmp_path, 7)
        fake(tmp_path, 8)
        table = Processes(proc=str(tmp_path))
        before = table.lineages((7, 8))
        assert table.lineages((7, 8)) == before
        fake(tmp_path, 8, **changes)
        after = table.lineages((7, 8))
        assert after[7] == before[7]
        assert after[8] != before[8]
        assert after[8] == table.lineage(8)

    def test_the_end_of_a_session_shows_at_once(self, tmp_path: Path):
        table = Processes(proc=str(tmp_path))
        fake(tmp_path, 7)
        fake(tmp_path, 8)
        leader = 999
        fake(tmp_path, leader)
        before = table.lineages((7, 8))
        assert before[7] == (table.lineage(7)[0], True)
        fake(tmp_path, leader, state="Z")
        assert {pid: alive for pid, (_own, alive) in table.lineages((7, 8)).items()} == {7: False, 8: False}

    def test_of_one_that_does_nothing_no_line_is_parsed_again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        parsed = []

        def counted(data: bytes) -> object:
            parsed.append(data)
            return lineage_of(data)

        monkeypatch.setattr(lineages, "lineage_of", counted)
        table = Processes(proc=str(tmp_path))
        fake(tmp_path, 7)
        fake(tmp_path, 8)
        table.lineages((7, 8))
        assert len(parsed) == 2
        fake(tmp_path, 8, name="sh")
        table.lineages((7, 8))
        assert len(parsed) == 3


class TestAsNow:
    """What is told of a process that is as it was: only its directory is read."""

    def settled(self, root: Path) -> tuple[Processes, Process]:
        table, entry = Processes(proc=str(root)), fake(root, 7)
        (entry / "cwd").symlink_to("/a")
        found = table.process(7)
        assert found is not None
        assert found.cwd == "/a"
        return table, found

    def test_it_is_the_very_same_while_its_directory_is(self, tmp_path: Path):
        table, found = self.settled(tmp_path)
        (tmp_path / "7/stat").unlink()  # it is not read
        assert table.as_now(found) is found
        told_before = replace(found, command=(*found.command, "x")[:-1])  # equal, and told before it was remembered
        assert table.as_now(told_before) is told_before

    def test_another_directory_is_told(self, tmp_path: Path):
        table, found = self.settled(tmp_path)
        (tmp_path / "7/cwd").unlink()
        (tmp_path / "7/cwd").symlink_to("/b")
        assert table.as_now(found) == replace(found, cwd="/b")

    def test_one_that_has_gone_meanwhile_is_none(self, tmp_path: Path):
        table, found = self.settled(tmp_path)
        for name in ("cwd", "stat"):
            (tmp_path / "7" / name).unlink()
        table = Processes(proc=str(tmp_path))
        assert table.as_now(found) is None

    def test_one_of_which_something_else_was_told_since_is_read(self, tmp_path: Path):
        table, found = self.settled(tmp_path)
        fake(tmp_path, 7, command=b"node\0other.js\0", ticks=6)
        table.process(7)
        assert table.as_now(found) == table.process(7) != found

    def test_a_young_one_is_read_whole(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(processes, "_SETTLED", 1e12)
        table, found = self.settled(tmp_path)
        (tmp_path / "7/status").write_text("Name:\tx\nUid:\t1\t4711\t0\t0\n")
        after = table.as_now(found)
        assert after == table.process(7)
        assert after.user != found.user
