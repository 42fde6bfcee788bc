"""What is said of a server without a packet."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from health_waiting import until

from portdash.health.endpoint import Endpoint, endpoint_of
from portdash.health.kernel import Liveness, Look, engine_verdict, is_final, kernel_verdict, passive_verdict
from portdash.health.liveness import liveness, open_exit
from portdash.machine.procfs import read_stat
from portdash.model.health import HealthLevel, HealthState
from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol


@pytest.mark.parametrize(
    ("address", "dual", "expected"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("0.0.0.0", None, "127.0.0.1"),
        ("::", True, "127.0.0.1"),
        ("::", None, "127.0.0.1"),
        ("::", False, "::1"),
        ("::1", None, "::1"),
        ("127.0.0.53", None, "127.0.0.53"),
        ("192.168.7.1", None, "192.168.7.1"),
        ("fe80::1%eth0", None, "fe80::1%eth0"),
    ],
)
def test_where_a_listener_is_reached(address: str, dual: bool | None, expected: str):
    listener = Listener(protocol=IpProtocol.TCP, address=address, port=3000, dual_stack=dual)
    assert endpoint_of(listener) == Endpoint(expected, 3000)


@pytest.mark.parametrize(
    ("look", "before", "state", "detail"),
    [
        (Look(), None, HealthState.HEALTHY, "listens"),
        (Look(liveness=Liveness.RUNNING, queue=0), Look(queue=5), HealthState.HEALTHY, "listens"),
        (Look(is_listening=False), None, HealthState.UNKNOWN, "nobody listens"),
        (Look(is_listening=False, liveness=Liveness.GONE), None, HealthState.UNHEALTHY, "its process is gone"),
        (Look(liveness=Liveness.STOPPED), None, HealthState.HUNG, "stopped by a signal"),
        (Look(liveness=Liveness.STOPPED, queue=3), None, HealthState.HUNG, "stopped by a signal, 3 waiting"),
        (Look(liveness=Liveness.TRACED), None, HealthState.HUNG, "held by a debugger"),
        (Look(liveness=Liveness.FROZEN), None, HealthState.HUNG, "paused"),
        (Look(queue=3), None, HealthState.HEALTHY, "listens"),
        (Look(queue=3), Look(queue=0), HealthState.HEALTHY, "listens"),
        (Look(queue=3), Look(queue=None), HealthState.HEALTHY, "listens"),
        (Look(queue=3), Look(queue=3), HealthState.HUNG, "does not accept, 3 waiting"),
        (Look(queue=4), Look(queue=3), HealthState.HUNG, "does not accept, 4 waiting"),
        (Look(queue=2), Look(queue=3), HealthState.HEALTHY, "listens"),
        (Look(queue=3, identity=(1, 2)), Look(queue=3, identity=(1, 1)), HealthState.HEALTHY, "listens"),
    ],
)
def test_the_kernel_says(look: Look, before: Look | None, state: HealthState, detail: str):
    verdict = kernel_verdict(look, before)
    assert (verdict.state, verdict.level, verdict.detail) == (state, HealthLevel.KERNEL, detail)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("healthy", HealthState.HEALTHY),
        ("Unhealthy", HealthState.UNHEALTHY),
        ("starting", HealthState.STARTING),
        ("paused", HealthState.HUNG),
    ],
)
def test_the_engine_says(word: str, state: HealthState):
    verdict = engine_verdict(word)
    assert verdict is not None
    assert (verdict.state, verdict.level) == (state, HealthLevel.CONTAINER)
    assert passive_verdict(Look(engine_word=word)) == verdict
    assert passive_verdict(Look(engine_word=word, liveness=Liveness.STOPPED)).level is HealthLevel.KERNEL


@pytest.mark.parametrize("word", [None, "", "none", "\x1b[31mill"])
def test_what_the_engine_does_not_know_is_left_to_the_kernel(word: str | None):
    assert engine_verdict(word) is None
    assert passive_verdict(Look(engine_word=word)).detail == "listens"


def test_who_hangs_or_is_gone_is_not_asked():
    assert is_final(kernel_verdict(Look(liveness=Liveness.STOPPED)))
    assert is_final(kernel_verdict(Look(liveness=Liveness.GONE)))
    assert is_final(kernel_verdict(Look(is_listening=False)))
    assert is_final(passive_verdict(Look(engine_word="paused")))
    assert not is_final(passive_verdict(Look(engine_word="unhealthy")))
    assert not is_final(kernel_verdict(Look()))


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.mark.needs_linux
def test_a_process_runs_is_stopped_runs_and_is_gone(child: subprocess.Popen[bytes]):
    pid = child.pid
    assert liveness([pid]) is Liveness.RUNNING
    os.kill(pid, signal.SIGSTOP)
    until(lambda: liveness([pid]) is Liveness.STOPPED)
    assert liveness([pid, os.getpid()]) is Liveness.RUNNING  # one of those who share the socket can answer
    os.kill(pid, signal.SIGCONT)
    until(lambda: liveness([pid]) is Liveness.RUNNING)
    child.kill()
    until(lambda: liveness([pid]) is Liveness.GONE)  # not collected yet
    assert liveness([pid, os.getpid()]) is Liveness.RUNNING
    child.wait()
    assert liveness([pid]) is Liveness.GONE
    assert liveness([]) is Liveness.UNKNOWN


@pytest.mark.needs_linux
def test_the_end_of_a_process_is_told(child: subprocess.Popen[bytes]):
    stat = read_stat(child.pid)
    assert stat is not None
    assert open_exit(child.pid, stat.ticks + 1) is None  # its pid belongs to another one now
    descriptor = open_exit(child.pid, stat.ticks)
    assert descriptor is not None
    os.close(descriptor)
    child.kill()
    child.wait()
    assert open_exit(child.pid, stat.ticks) is None


STAT = "7 (x) %s 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0 0 0\n"


@pytest.mark.parametrize(
    ("state", "cgroup", "file", "expected"),
    [
        ("S", "0::/a", ("a/cgroup.events", "populated 1\nfrozen 1\n"), Liveness.FROZEN),
        ("S", "0::/a", ("a/cgroup.events", "populated 1\nfrozen 0\n"), Liveness.RUNNING),
        ("S", "0::/a", ("unified/a/cgroup.events", "frozen 1\n"), Liveness.FROZEN),
        ("D", "7:freezer:/docker/1\n0::/", ("freezer/docker/1/freezer.state", "FROZEN\n"), Liveness.FROZEN),
        ("D", "7:freezer:/docker/1\n0::/", ("freezer/docker/1/freezer.state", "THAWED\n"), Liveness.RUNNING),
        ("S", "0::/../../etc", ("a/cgroup.events", "frozen 1\n"), Liveness.RUNNING),
        ("T", "0::/a", ("a/cgroup.events", "frozen 0\n"), Liveness.STOPPED),
        ("t", "0::/a", ("a/cgroup.events", "frozen 0\n"), Liveness.TRACED),
        ("Z", "0::/a", ("a/cgroup.events", "frozen 0\n"), Liveness.GONE),
    ],
)
@pytest.mark.needs_linux
def test_a_frozen_control_group(tmp_path: Path, state: str, cgroup: str, file: tuple[str, str], expected: Liveness):
    proc, events = tmp_path / "proc", tmp_path / "cgroups" / file[0]
    (proc / "7").mkdir(parents=True)
    (proc / "7" / "stat").write_text(STAT % state)
    (proc / "7" / "cgroup").write_text(cgroup + "\n")
    events.parent.mkdir(parents=True)
    events.write_text(file[1])
    assert liveness([7], proc=str(proc), cgroups=str(tmp_path / "cgroups")) is expected
