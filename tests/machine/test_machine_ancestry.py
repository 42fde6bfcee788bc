"""Chains of processes, who keeps them, who is the owner of a shared socket, and who is an orphan."""

import pytest

from portdash.machine.ancestry import (
    DEEPEST,
    ancestors,
    container_engine,
    is_orphan,
    is_user_unit,
    parents,
    topmost,
    unit_of,
    via,
)
from portdash.machine.keepers import KEEPERS, keeper_of
from portdash.machine.processes import Setting
from portdash.model.listener import Ancestor, Process

ALONE = Setting(has_terminal=False)


class Table(dict[int, Process]):
    """A process table written by hand: `pid=(name, parent)`, with the arguments after them."""

    def __init__(self, **rows: tuple[str, int, *tuple[str, ...]]) -> None:
        for key, (name, parent, *command) in rows.items():
            pid = int(key[1:])
            self[pid] = Process(pid=pid, name=name, parent=parent, command=tuple(command), ticks=pid, started_at=pid)

    def process(self, pid: int) -> Process | None:
        return self.get(pid)

    def chain(self, pid: int) -> tuple[Process, ...]:
        return parents(self, self[pid])

    def via(self, pid: int, setting: Setting = ALONE) -> str | None:
        chain = self.chain(pid)
        return via(self[pid], chain, setting, orphan=is_orphan(chain, setting))


def test_the_chain_is_nearest_first_up_to_pid_1():
    table = Table(p1=("init", 0), p10=("tmux: server", 1), p20=("zsh", 10), p30=("node", 20))
    assert ancestors(table.chain(30)) == (Ancestor(20, "zsh"), Ancestor(10, "tmux: server"), Ancestor(1, "init"))
    assert table.chain(1) == ()


def test_a_cycle_or_an_endless_chain_ends():
    assert [each.pid for each in Table(p10=("a", 20), p20=("b", 10)).chain(10)] == [20]
    assert Table(p10=("a", 10)).chain(10) == ()
    endless = Table(**{f"p{pid}": ("sh", pid + 1) for pid in range(1, 500)})
    assert len(endless.chain(1)) == DEEPEST


def test_a_hidden_parent_ends_the_chain():
    assert ancestors(Table(p10=("sh", 5), p20=("node", 10)).chain(20)) == (Ancestor(10, "sh"),)


class TestTopmost:
    def test_the_master_of_a_prefork_server(self):
        table = Table(p1=("init", 0), p10=("nginx", 1), p20=("nginx", 10), p30=("nginx", 10))
        assert topmost(table, (20, 30, 10)).pid == 10

    def test_a_grandparent_counts_though_the_one_between_does_not_share(self):
        table = Table(p10=("uvicorn", 0), p20=("sh", 10), p30=("python", 20))
        assert topmost(table, (30, 10)).pid == 10

    def test_of_unrelated_ones_the_oldest(self):
        table = Table(p1=("init", 0), p10=("node", 1), p20=("node", 1))
        assert topmost(table, (20, 10)).pid == 10

    def test_who_opened_it_for_another_is_not_the_owner(self):
        table = Table(p1=("systemd", 0), p10=("dockerd", 1), p20=("docker-proxy", 10), p30=("cupsd", 1))
        assert topmost(table, (1, 30)).pid == 30
        assert topmost(table, (10, 20)).pid == 20
        assert topmost(table, (1,)).pid == 1

    def test_nobody(self):
        assert topmost(Table(), ()) is None
        assert topmost(Table(), (99,)) is None

    def test_a_cycle_has_some_owner(self):
        assert topmost(Table(p10=("a", 20), p20=("b", 10)), (10, 20)).pid == 10


class TestVia:
    def test_the_nearest_keeper_wins(self):
        table = Table(
            p1=("systemd", 0),
            p10=("tmux: server", 1),
            p20=("zsh", 10),
            p30=("claude", 20),
            p40=("bash", 30),
            p50=("node", 40),
        )
        assert table.via(50) == "claude"
        assert table.via(20) == "tmux"

    @pytest.mark.parametrize(
        ("name", "command", "label"),
        [
            ("claude", (), "claude"),
            ("node", ("node", "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js"), "claude"),
            ("codex", (), "codex"),
            ("python3", ("python3", "-u", "/usr/bin/supervisord"), "supervisord"),
            ("aider", ("/usr/bin/python3", "/usr/bin/aider"), "aider"),
            ("python3.12", ("python3", "/home/a/.local/bin/aider", "--model", "x"), "aider"),
            ("opencode", (), "opencode"),
            ("node", ("node", "/usr/bin/gemini"), "gemini"),
            ("cursor-agent", (), "cursor"),
            ("MainThread", ("node", "/home/a/.vscode-server/bin/x/out/server-main.js"), "vscode"),
            ("code", (), "vscode"),
            ("PM2 v5.3.0: God", ("PM2 v5.3.0: God Daemon (/root/.pm2)",), "pm2"),
            ("supervisord", ("/usr/bin/python3", "/usr/bin/supervisord"), "supervisord"),
            ("SCREEN", (), "screen"),
            ("sshd", ("sshd: a@pts/0",), "ssh"),
            ("containerd-shim-runc-v2", (), "docker"),
            ("tmux: client", (), "tmux"),
        ],
    )
    def test_keepers_by_name_and_by_script(self, name: str, command: tuple[str, ...], label: str):
        assert keeper_of(name, command).label == label
        table = Table(p1=("systemd", 0), p10=(name, 1, *command), p20=("server", 10))
        assert table.via(20) == label

    @pytest.mark.parametrize(
        ("name", "command"),
        [
            ("node", ("node", "server.js")),
            ("bash", ("bash",)),
            ("vim", ("vim", "claude")),
            ("python3", ("python3", "code.py")),
            ("python3", ("python3", "-m", "aider_like")),
            ("", ()),
        ],
    )
    def test_other_programs_keep_nothing(self, name: str, command: tuple[str, ...]):
        assert keeper_of(name, command) is None

    def test_what_is_itself_a_keeper_is_not_kept_by_itself(self):
        table = Table(p1=("systemd", 0), p10=("sshd", 1), p20=("docker-proxy", 1))
        assert table.via(10, Setting()) is None
        assert table.via(20, Setting()) == "docker"

    def test_what_portdash_runs_is_kept_by_it_unless_somebody_else_gave_the_order(self):
        detached = ("python", 1, "/usr/bin/python3", "-P", "-m", "portdash", "run", "web")
        table = Table(p1=("systemd", 0), p10=detached, p20=("node", 10))
        assert table.via(20) == "portdash"
        typed = ("portdash", 5, "/usr/bin/python3", "/usr/local/bin/portdash", "up")
        table = Table(p1=("systemd", 0), p5=("claude", 1), p10=typed, p20=("node", 10))
        assert table.via(20) == "claude"
        looking = ("portdash", 1, "/usr/bin/python3", "/usr/local/bin/portdash", "--view", "2")
        assert Table(p1=("systemd", 0), p10=looking, p20=("node", 10)).via(20) is None

    def test_a_unit_and_a_container_are_read_from_the_control_group(self):
        table = Table(p1=("systemd", 0), p10=("nginx", 1), p20=("pm2 v5", 1), p30=("node", 20))
        unit = Setting(has_terminal=False, cgroup="/system.slice/web.service")
        assert table.via(10, unit) == "systemd"
        assert table.via(30, unit) == "pm2"
        assert table.via(10, Setting(cgroup="/docker/" + "ab" * 32)) == "docker"
        assert table.via(10, Setting(cgroup="/x/libpod-" + "ab" * 32 + ".scope/container")) == "podman"

    def test_labels_fit_their_column(self):
        assert all(len(each.label) <= 11 for each in KEEPERS)
        assert {each.label for each in KEEPERS if each.is_agent} >= {"claude", "codex", "aider", "opencode", "gemini"}


class TestOrphans:
    def test_a_process_whose_parent_is_gone(self):
        table = Table(p1=("systemd", 0), p5=("systemd", 1), p10=("node", 1), p20=("node", 5))
        assert table.via(10) == "orphan"
        assert table.via(20) == "orphan"

    def test_a_tree_whose_shell_is_gone(self):
        table = Table(p1=("init", 0), p10=("npm", 1), p20=("node", 10))
        assert table.via(20, Setting(has_terminal=False, session_alive=False)) == "orphan"
        assert table.via(20, Setting(has_terminal=False, session_alive=True)) is None

    @pytest.mark.parametrize(
        "setting",
        [
            Setting(has_terminal=True),
            Setting(has_terminal=False, cgroup="/system.slice/web.service"),
            Setting(has_terminal=False, cgroup="/docker/" + "ab" * 32),
        ],
    )
    def test_whom_somebody_minds(self, setting: Setting):
        assert not is_orphan(Table(p1=("init", 0), p10=("node", 1)).chain(10), setting)

    def test_below_a_keeper_nobody_is_an_orphan(self):
        table = Table(p1=("init", 0), p10=("tmux: server", 1), p20=("node", 10))
        assert not is_orphan(table.chain(20), Setting(has_terminal=False, session_alive=False))

    def test_an_unseen_parent_makes_no_orphan(self):
        assert not is_orphan(Table(p10=("node", 9)).chain(10), ALONE)


@pytest.mark.parametrize(
    ("path", "unit", "is_user"),
    [
        ("/system.slice/nginx.service", "nginx.service", False),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service", "web.service", True),
        ("/user.slice/user-1000.slice/user@1000.service", None, True),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope", None, True),
        ("/user.slice/user-1000.slice/session-3.scope", None, False),
        ("", None, False),
    ],
)
def test_units(path: str, unit: str | None, is_user: bool):
    assert (unit_of(path), is_user_unit(path), container_engine(path)) == (unit, is_user, None)
