"""Who is never ended, and which tool is named instead."""

import os

import pytest

from portdash.errors import Refused
from portdash.machine.processes import Processes, Setting
from portdash.machine.protection import check_allowed, own_pids
from portdash.model.listener import Process
from portdash.model.plan import Target
from portdash.model.ports import IpProtocol

HERE = Target(label="x", protocol=IpProtocol.TCP, port=3000, pid=700)
SYSTEMD = Process(pid=1, name="systemd")


def refusal(
    name: str, *, command: tuple[str, ...] = (), user: str | None = "me", pid: int = 700, cgroup: str = ""
) -> Refused | None:
    process = Process(pid=pid, name=name, command=command, user=user, parent=1)
    try:
        check_allowed(
            process, HERE, above=(SYSTEMD,), setting=Setting(cgroup=cgroup), user="me", own=frozenset((41, 42))
        )
    except Refused as error:
        return error
    return None


class TestProtection:
    @pytest.mark.parametrize("name", ["node", "python3", "ssh", "nginx", "next-server (v15.5.29)"])
    def test_ordinary_servers_may_be_ended(self, name: str):
        assert refusal(name) is None

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("sshd", "systemctl stop ssh"),
            ("sshd-session", "systemctl stop ssh"),
            ("tmux: server", "tmux kill-session"),
            ("screen", "from within"),
            ("systemd", "systemctl stop"),
            ("systemd-resolved", "systemctl stop"),
            ("init", "systemctl stop"),
            ("dbus-daemon", "leave it"),
            ("Xorg", "log out"),
            ("dockerd", "publish=3000"),
            ("containerd-shim-runc-v2", "publish=3000"),
            ("docker-proxy", "docker stop"),
            ("rootlessport", "docker stop"),
            ("code", "close it"),
            ("gnome-terminal-server", "close it"),
        ],
    )
    def test_protected_ones_name_the_tool_that_does_it(self, name: str, hint: str):
        assert hint in refusal(name).hint

    def test_a_tunnel_of_a_virtual_machine(self):
        assert refusal("ssh", command=("ssh: /home/a/.lima/x/ssh.sock [mux]",)) is not None

    def test_other_users_and_unknown_ones(self):
        assert "belongs to the user postgres" in refusal("postgres", user="postgres").message
        assert "may not be read" in refusal("node", user=None).message
        assert refusal("node", user="HOST\\Me") is None

    def test_a_unit_is_stopped_by_its_manager(self):
        assert "`systemctl stop web.service`" in refusal("node", cgroup="/system.slice/web.service").hint
        user = "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service"
        assert "`systemctl --user stop web.service`" in refusal("node", cgroup=user).hint

    def test_what_runs_below_a_unit_s_own_process_may_be_ended(self):
        process = Process(pid=700, name="node", user="me", parent=600)
        check_allowed(
            process,
            HERE,
            above=(Process(pid=600, name="runner"), SYSTEMD),
            setting=Setting(cgroup="/system.slice/runner.service"),
            user="me",
            own=frozenset(),
        )

    def test_those_above_us(self):
        assert "another terminal" in refusal("node", pid=42).hint
        own = own_pids(Processes())
        assert {os.getpid(), os.getppid(), os.getsid(0)} <= own
