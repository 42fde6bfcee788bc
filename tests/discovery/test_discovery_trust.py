"""How long what was found is believed: processes that end, and ports that go to another."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from portdash.demo.machine import FakeMachine
from portdash.discovery.instance import Instance
from portdash.discovery.trust import CLOSER, Trust
from portdash.health.looks import identity_of
from portdash.machine.procfs import read_stat
from portdash.model.health import Health
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol

Serve = Callable[[int], "subprocess.Popen[bytes]"]


class Now:
    """A clock that stands until it is moved on."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine(host="here", user="dev")


@pytest.fixture
def trust(machine: FakeMachine, now: Now) -> Iterator[Trust]:
    trust = Trust(machine, monotonic=now)
    yield trust
    trust.end()


@pytest.fixture
def serve(machine: FakeMachine) -> Iterator[Serve]:
    """Start a real process, of which the machine says that it listens on a port."""
    with ExitStack() as stack:

        def start(port: int) -> "subprocess.Popen[bytes]":
            arguments = [sys.executable, "-IS", "-c", "input()"]
            process = stack.enter_context(subprocess.Popen(arguments, stdin=subprocess.PIPE))
            stack.callback(process.kill)
            machine.listen(listener(port, process.pid))
            return process

        yield start


def listener(port: int, pid: int, ticks: int | None = None) -> Listener:
    stat = read_stat(pid)
    started = ticks if ticks is not None else stat.ticks if stat else 1
    owner = Process(pid=pid, ticks=started, name="python")
    return Listener(protocol=IpProtocol.TCP, address="127.0.0.1", port=port, owner=owner, pids=(pid,))


def instances(machine: FakeMachine) -> tuple[Instance, ...]:
    return tuple(
        Instance(
            service="api", url=f"http://localhost:{each.port}", health=Health(), port=each.port, pid=each.pid,
            identity=identity_of(each),
        )
        for each in machine.listeners()
    )  # fmt: skip


def test_what_lives_is_believed_and_is_the_same_object(machine: FakeMachine, trust: Trust, serve: Serve, now: Now):
    serve(4000), serve(4001)
    found = trust.begin(instances(machine))
    assert [each.port for each in found] == [4000, 4001]
    assert trust.kept() is found
    now.seconds += 2 * CLOSER
    assert trust.kept() is found


@pytest.mark.needs_linux
def test_an_end_is_known_at_once(machine: FakeMachine, trust: Trust, serve: Serve):
    first, second = serve(4000), serve(4001)
    trust.begin(instances(machine))
    first.kill()
    first.wait()
    assert [each.port for each in trust.kept()] == [4001]
    second.kill()
    second.wait()
    assert trust.kept() == ()


def test_a_port_that_another_process_has_by_now_is_not_believed(
    machine: FakeMachine, trust: Trust, serve: Serve, now: Now
):
    former = serve(4000)
    trust.begin(instances(machine))
    other = serve(4001)
    machine._listeners = (listener(4000, other.pid),)
    assert former.poll() is None
    now.seconds += CLOSER + 0.01
    assert trust.kept() == ()


def test_nor_is_one_that_nobody_has(machine: FakeMachine, trust: Trust, serve: Serve, now: Now):
    serve(4000)
    trust.begin(instances(machine))
    machine._listeners = ()
    now.seconds += CLOSER + 0.01
    assert trust.kept() == ()


def test_a_pid_that_was_used_again_before_the_watch_began_is_not_believed(
    machine: FakeMachine, trust: Trust, serve: Serve
):
    process = serve(4000)
    (found,) = instances(machine)
    earlier = replace(found, identity=(process.pid, 1))
    assert trust.begin([earlier]) == ()


def test_what_has_no_pid_is_believed_while_its_port_is_held_by_the_same(machine: FakeMachine, trust: Trust, now: Now):
    hidden = Listener(protocol=IpProtocol.TCP, address="0.0.0.0", port=4000, user="root")
    machine.listen(hidden)
    found = trust.begin(instances(machine))
    now.seconds += 2 * CLOSER
    assert trust.kept() is found
    machine._listeners = (listener(4000, 1),)
    now.seconds += 2 * CLOSER
    assert trust.kept() == ()


def test_nothing_is_believed_while_the_sockets_cannot_be_read(
    machine: FakeMachine, trust: Trust, serve: Serve, now: Now, monkeypatch: pytest.MonkeyPatch
):
    def refused() -> tuple[Listener, ...]:
        raise PermissionError(13, "no")

    serve(4000)
    trust.begin(instances(machine))
    monkeypatch.setattr(machine, "listeners", refused)
    assert len(trust.kept()) == 1
    now.seconds += 2 * CLOSER
    assert trust.kept() == ()


def test_who_is_new_is_watched_and_who_is_no_more_wanted_is_not(machine: FakeMachine, trust: Trust, serve: Serve):
    serve(4000)
    first = instances(machine)
    trust.begin(first)
    serve(4001)
    assert [each.port for each in trust.begin(instances(machine)[1:])] == [4001]
    assert [each.port for each in trust.begin(first)] == [4000]
