"""Servers that somebody would start again are stopped by that somebody, or the person is told by what."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from machine_children import Child, Serve

from portdash.errors import Refused
from portdash.machine.aiming import aim
from portdash.machine.kinship import system_kin
from portdash.machine.processes import Processes, Setting
from portdash.machine.redirecting import stopping_unit, tool_for, use
from portdash.machine.sockets_psutil import PsutilSockets
from portdash.machine.surroundings import Surroundings
from portdash.machine.terminate import terminate
from portdash.machine.users import current_user
from portdash.model.ending import Tool, spelled
from portdash.model.listener import Process
from portdash.model.plan import Target
from portdash.model.ports import IpProtocol

TOP = Process(pid=700, name="node", user="me", parent=1)
SYSTEMD = Process(pid=1, name="systemd")
UNIT = Setting(cgroup="/system.slice/web.service")
USER_UNIT = Setting(cgroup="/user.slice/user-1000.slice/user@1000.service/app.slice/web.service")


def asked(**told: str) -> "object":
    def ask(pid: int, names: frozenset[str]) -> Mapping[str, str]:
        assert pid == TOP.pid
        return {name: value for name, value in told.items() if name in names}

    return ask


def tool(*above: Process, setting: Setting = Setting(), **told: str) -> Tool | None:  # noqa: B008
    return tool_for(TOP, above, setting, {TOP.pid}, asked(**told))


def program(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    """Put a program of that name before all others."""
    path = home / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")


class TestUnits:
    @pytest.fixture(autouse=True)
    def _nobody_knows_the_main_process(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program(home, monkeypatch, "systemctl", "exit 1")

    def test_of_the_system_and_of_the_user(self):
        assert tool(SYSTEMD, setting=UNIT).argv == ("systemctl", "stop", "web.service")
        assert tool(SYSTEMD, setting=USER_UNIT).argv == ("systemctl", "--user", "stop", "web.service")
        assert tool(SYSTEMD, setting=UNIT).stops == "the unit web.service"

    def test_no_unit_is_no_tool(self):
        assert tool(SYSTEMD) is None
        assert tool() is None
        assert tool(Process(pid=600, name="zsh"), setting=UNIT) is None, "typed into a shell that runs in a unit"

    @pytest.mark.parametrize(("main", "is_it"), [("700", True), ("600", False), ("0", True), ("", True), ("x", True)])
    def test_one_that_a_job_left_behind_in_a_unit_is_not_the_unit(
        self, home: Path, monkeypatch: pytest.MonkeyPatch, main: str, is_it: bool
    ):
        program(home, monkeypatch, "systemctl", f"echo '{main}'")
        assert bool(stopping_unit(UNIT, {700, 701})) is is_it


class TestSupervisors:
    PM2 = Process(pid=500, name="PM2 v5.4.0: God Daemon (/root/.pm2)")
    SUPERVISORD = Process(pid=500, name="supervisord", command=("/usr/bin/python3", "/usr/bin/supervisord"))

    def test_pm2(self):
        found = tool(self.PM2, pm_id="3", PM2_HOME="/home/me/.pm 2", PATH="/bin")
        assert found.argv == ("pm2", "stop", "3")
        assert spelled(found) == "PM2_HOME='/home/me/.pm 2' pm2 stop 3"

    @pytest.mark.parametrize("number", ["", "-1", "all", "3; rm", "٣"])
    def test_pm2_that_does_not_tell(self, number: str):
        with pytest.raises(Refused, match="pm2 would start it again") as caught:
            tool(self.PM2, pm_id=number)
        assert "pm2 stop NAME" in caught.value.hint

    def test_supervisord(self):
        url = "unix:///run/supervisor.sock"
        told = {"SUPERVISOR_PROCESS_NAME": "api", "SUPERVISOR_GROUP_NAME": "shop"}
        assert tool(self.SUPERVISORD, **told).argv == ("supervisorctl", "stop", "shop:api")
        found = tool(self.SUPERVISORD, **told, SUPERVISOR_SERVER_URL=url)
        assert found.argv == ("supervisorctl", "-s", url, "stop", "shop:api")
        alone = tool(self.SUPERVISORD, SUPERVISOR_PROCESS_NAME="api", SUPERVISOR_GROUP_NAME="api")
        assert alone.argv == ("supervisorctl", "stop", "api")

    def test_supervisord_on_another_machine_is_not_asked(self):
        told = {"SUPERVISOR_PROCESS_NAME": "api", "SUPERVISOR_SERVER_URL": "http://evil.example:9001"}
        assert tool(self.SUPERVISORD, **told).argv == ("supervisorctl", "stop", "api")

    @pytest.mark.parametrize("name", ["", "-c/tmp/evil.conf", "a b", "a\n", "\x1b[2J"])
    def test_supervisord_that_does_not_tell(self, name: str):
        with pytest.raises(Refused, match="supervisord would start it again"):
            tool(self.SUPERVISORD, SUPERVISOR_PROCESS_NAME=name)

    @pytest.mark.parametrize(
        ("name", "hint"),
        [("circusd", "circusctl"), ("runsv", "sv down"), ("s6-supervise", "s6-svc"), ("monit", "monit stop")],
    )
    def test_those_that_only_a_person_can_tell(self, name: str, hint: str):
        with pytest.raises(Refused) as caught:
            tool(Process(pid=500, name=name))
        assert hint in caught.value.hint

    @pytest.mark.parametrize("name", ["claude", "tmux: server", "foreman", "bash", "code"])
    def test_others_start_nothing_again(self, name: str):
        assert tool(Process(pid=500, name=name)) is None


class TestUse:
    def test_words_reach_it_as_they_are(self, home: Path, monkeypatch: pytest.MonkeyPatch):
        program(home, monkeypatch, "pm2", 'echo "$PM2_HOME|$1|$2" > "$HOME/told"; cat')
        use(Tool("x", ("pm2", "stop", "$(touch x)"), (("PM2_HOME", "/a b"),)))
        assert (home / "told").read_text() == "/a b|stop|$(touch x)\n"

    def test_one_that_fails_is_quoted(self, home: Path, monkeypatch: pytest.MonkeyPatch):
        program(home, monkeypatch, "pm2", "printf 'no such \\033[2Japp\\nmore' >&2; exit 3")
        with pytest.raises(Refused, match=r"`pm2 stop 3` failed with status 3: no such \\x1b\[2Japp"):
            use(Tool("x", ("pm2", "stop", "3")))

    def test_one_that_is_not_installed(self, home: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("PATH", str(home))
        with pytest.raises(Refused, match="not installed here"):
            use(Tool("x", ("pm2", "stop", "3")))

    def test_one_that_hangs(self, home: Path, monkeypatch: pytest.MonkeyPatch):
        program(home, monkeypatch, "pm2", "exec sleep 60")
        monkeypatch.setattr("portdash.machine.redirecting.STOPPING", 0.2)
        with pytest.raises(Refused, match="did not stop it"):
            use(Tool("x", ("pm2", "stop", "3")))


@pytest.mark.needs_linux
class TestEndings:
    @pytest.fixture
    def around(self) -> Surroundings:
        table = Processes()
        return Surroundings(
            sockets=PsutilSockets(), processes=table, setting=lambda _pid: UNIT, user=current_user(), kin=system_kin
        )

    @pytest.fixture
    def orphan(self, serve: Serve) -> Iterator[Child]:
        """A server whose parent has ended, as that of a unit has none but the system's first process."""
        child = serve("--daemon")
        child.process.stdin.close()
        child.process.wait()
        yield child
        with suppress(ProcessLookupError):
            os.kill(child.pids[0], signal.SIGKILL)

    def shown(self, child: Child) -> Target:
        process = Processes().process(child.pids[0])
        return Target(
            label=process.label, protocol=IpProtocol.TCP, port=child.port, pid=process.pid, ticks=process.ticks
        )

    def stand_in(self, home: Path, monkeypatch: pytest.MonkeyPatch, child: Child, stop: str) -> None:
        """No unit can be had in a test: a program of that name that knows one, whose main process is the server."""
        main = child.pids[0]
        script = f'case "$1" in show) echo {main};; stop) echo "$@" > "$HOME/told"; {stop};; esac'
        program(home, monkeypatch, "systemctl", script)

    def test_a_unit_is_stopped_and_its_port_proved_free(
        self, orphan: Child, home: Path, monkeypatch: pytest.MonkeyPatch, around: Surroundings
    ):
        self.stand_in(home, monkeypatch, orphan, f"kill {orphan.pids[0]}")
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        target = aim(self.shown(orphan), around)
        assert target.tool.argv == ("systemctl", "stop", "web.service")
        assert target.group == ()
        line = terminate(target, grace=5, around=around, settle=0.3)
        assert line.startswith("the unit web.service was stopped after ")
        assert (home / "told").read_text() == "stop web.service\n"

    def test_a_unit_that_comes_back_is_no_success(
        self, orphan: Child, home: Path, monkeypatch: pytest.MonkeyPatch, around: Surroundings
    ):
        self.stand_in(home, monkeypatch, orphan, "true")
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        with pytest.raises(Refused, match=r"the unit web\.service started"):
            terminate(aim(self.shown(orphan), around), grace=5, around=around, settle=0)

    def test_another_by_then_is_not_stopped(
        self, orphan: Child, serve: Serve, home: Path, monkeypatch: pytest.MonkeyPatch, around: Surroundings
    ):
        self.stand_in(home, monkeypatch, orphan, "true")
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        target = aim(self.shown(orphan), around)
        with pytest.raises(Refused, match="any more"):
            terminate(replace(target, ticks=target.ticks + 1), grace=5, around=around)
        with pytest.raises(Refused, match="does not listen"):
            terminate(replace(target, port=serve().port), grace=5, around=around)
        assert not (home / "told").exists()

    def test_a_unit_of_the_system_is_an_administrators(
        self, orphan: Child, home: Path, monkeypatch: pytest.MonkeyPatch, around: Surroundings
    ):
        self.stand_in(home, monkeypatch, orphan, "true")
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        with pytest.raises(Refused, match="only an administrator") as caught:
            aim(self.shown(orphan), around)
        assert "sudo systemctl stop web.service" in caught.value.hint
