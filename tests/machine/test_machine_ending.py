"""What happens between looking and acting: processes that vanish, pids that go to others, a system that says no."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from machine_children import Child, Serve

from portdash.errors import Refused
from portdash.machine.aiming import aim
from portdash.machine.kinship import KinTable, system_kin
from portdash.machine.processes import Processes, Setting
from portdash.machine.sockets_psutil import PsutilSockets
from portdash.machine.surroundings import Surroundings
from portdash.machine.terminate import terminate
from portdash.machine.users import current_user
from portdash.model.ending import Allowance
from portdash.model.listener import Process
from portdash.model.plan import Target
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket

pytestmark = pytest.mark.needs_linux
SCALE = int(os.environ.get("PORTDASH_TEST_SCALE", "1"))
REUSE = Path(__file__).with_name("pid_reuse.py")
GRACE = 10.0
TABLE = Processes()


@pytest.fixture
def around() -> Surroundings:
    return Surroundings(sockets=PsutilSockets(), processes=TABLE, setting=TABLE.setting, user=current_user())


def shown(child: Child, pid: int | None = None) -> Target:
    process = TABLE.process(pid or child.pid)
    assert process
    return Target(
        label=process.label,
        protocol=IpProtocol.TCP,
        port=child.port,
        pid=process.pid,
        ticks=process.ticks,
        started_at=process.started_at,
    )


class Stepping:
    """The machine, on which something happens just before the n-th question that is put to it."""

    def __init__(self, around: Surroundings, number: int, happen: Callable[[], object]) -> None:
        self._around, self.left, self._happen = around, number, happen

    def _step(self) -> None:
        self.left -= 1
        if self.left == 0:
            self._happen()

    def sockets(self) -> tuple[Socket, ...]:
        self._step()
        return self._around.sockets.sockets()

    def process(self, pid: int) -> Process | None:
        self._step()
        return self._around.processes.process(pid)

    def setting(self, pid: int) -> Setting:
        self._step()
        return self._around.setting(pid)

    def kin(self) -> KinTable:
        self._step()
        return system_kin()

    @property
    def surroundings(self) -> Surroundings:
        return replace(self._around, sockets=self, processes=self, setting=self.setting, kin=self.kin)


def dies_at(number: int, serve: Serve, around: Surroundings) -> bool:
    """Let a server and its worker die at one moment of aiming and ending; say whether there was such a moment."""
    child = serve("--fork", "1")

    def die() -> None:
        for pid in child.pids:
            os.kill(pid, signal.SIGKILL)

    machine = Stepping(around, number, die)
    try:
        line = terminate(aim(shown(child), machine.surroundings), grace=GRACE, around=machine.surroundings, settle=0)
    except Refused as error:
        # Its socket may outlive it for an instant, and looks like somebody else's then.
        assert "any more" in error.message or "by now" in error.message  # noqa: PT017
    else:
        assert line.endswith(f"{child.port} is free")
    child.process.wait()
    return machine.left <= 0


@pytest.mark.parametrize("number", [1, 2, 3, 5, 8, 13, 21, 34])
def test_a_server_that_dies_at_any_moment_is_no_surprise(serve: Serve, around: Surroundings, number: int):
    dies_at(number, serve, around)


@pytest.mark.faults
def test_a_server_that_dies_at_each_moment_is_no_surprise(serve: Serve, around: Surroundings):
    number = 1
    while dies_at(number, serve, around):
        number += 1
    assert number > 20, "so many questions at least are asked"


def namespace() -> list[str]:
    """Return what runs a program as the first of a pid namespace, nothing where that is not to be had."""
    if shutil.which("unshare") is None:
        return []
    for command in (["unshare", "--pid", "--fork", "--mount-proc"], ["unshare", "-Urpf", "--mount-proc"]):
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return []


def wrong_signals(rounds: int) -> int:
    command = namespace()
    if not command:
        pytest.skip("no pid namespace to be had here")
    done = subprocess.run(
        [*command, sys.executable, str(REUSE), str(rounds)],
        capture_output=True, text=True, check=False, timeout=60 + 10 * rounds,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    number, wrong = map(int, done.stdout.split())
    assert number == rounds
    return wrong


def test_a_reused_pid_gets_no_signal():
    assert wrong_signals(16) == 0


@pytest.mark.faults
def test_a_hundred_reused_pids_get_no_signal():
    assert wrong_signals(100 * SCALE) == 0


def test_the_system_says_no(serve: Serve, around: Surroundings, monkeypatch: pytest.MonkeyPatch):
    def refuse(_descriptor: int, _number: int) -> None:
        raise PermissionError

    child = serve()
    target = aim(shown(child), around)
    monkeypatch.setattr(signal, "pidfd_send_signal", refuse)
    with pytest.raises(Refused, match=f"does not let us end process {child.pid}"):
        terminate(target, grace=GRACE, around=around)


def test_a_suspended_one_is_let_go_on_or_it_would_never_hear(serve: Serve, around: Surroundings):
    child = serve()
    os.kill(child.pid, signal.SIGSTOP)
    assert terminate(aim(shown(child), around), grace=GRACE, around=around, settle=0).endswith("is free")
    assert child.process.wait() == -signal.SIGTERM


def test_a_suspended_one_that_ignores_term_is_killed_only_with_force(serve: Serve, around: Surroundings):
    child = serve("--ignore-term")
    os.kill(child.pid, signal.SIGSTOP)
    target = aim(shown(child), around)
    with pytest.raises(Refused, match="has not ended"):
        terminate(target, grace=0.2, around=around)
    line = terminate(replace(target, allows=frozenset((Allowance.KILL,))), grace=0.2, around=around, settle=0)
    assert "did not end within 0.2s and was killed" in line
    assert child.process.wait() == -signal.SIGKILL


def test_a_worker_that_came_later_ends_too_as_it_has_the_socket(serve: Serve, around: Surroundings):
    child = serve("--fork", "2")
    target = aim(shown(child), around)
    fewer = replace(target, group=target.group[:1], holding=target.holding[:1])
    assert terminate(fewer, grace=GRACE, around=around, settle=0).endswith("is free")


def test_what_was_shown_and_is_another_program_by_now_is_left_alone(serve: Serve, around: Surroundings):
    child = serve("--respawn")
    (server,) = child.pids
    target = aim(shown(child, server), around)
    assert [each.pid for each in target.group] == [child.pid, server]
    other = replace(target.group[0], name="another")
    with pytest.raises(Refused, match="taken again"):
        terminate(replace(target, group=(other, target.group[1])), grace=GRACE, around=around, settle=GRACE)
    assert TABLE.process(child.pid), "who it was that started the server had changed, so it got no signal"
