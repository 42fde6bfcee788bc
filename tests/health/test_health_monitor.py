"""The monitor: what it tells, when, and what it leaves alone."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest
from health_servers import answering, response, serving
from health_waiting import becomes, until
from redis_server import RedisServer

from portdash.health.checks import Check, HttpGet, Speak
from portdash.health.course import JITTER
from portdash.health.endpoint import Endpoint
from portdash.health.kernel import Liveness, Look
from portdash.health.liveness import liveness
from portdash.health.monitor import Monitor
from portdash.health.record import LONGEST_PAUSE, Record, Watched
from portdash.health.thresholds import Rules
from portdash.machine.procfs import read_stat
from portdash.model.health import Health, HealthLevel, HealthState

QUICK = Rules(3, 2, 30.0)
HTTP = Check(probe=HttpGet(path="/"), interval=0.02, timeout=5.0, rules=QUICK)
ONLY_KERNEL = Check()


class Told:
    """What a monitor has told, in order."""

    def __init__(self) -> None:
        self.verdicts: list[tuple[str, Health]] = []
        self.changes: list[tuple[str, HealthState, HealthState]] = []
        self.threads: set[int] = set()

    def sink(self, key: str, health: Health) -> None:
        self.verdicts.append((key, health))
        self.threads.add(threading.get_ident())

    def changed(self, key: str, before: Health, after: Health) -> None:
        self.changes.append((key, before.state, after.state))

    def states(self, key: str) -> list[HealthState]:
        return [health.state for name, health in self.verdicts if name == key]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def monitor(told: Told) -> Iterator[Monitor[str]]:
    """One in a thread of its own."""
    monitor = Monitor(told.sink, changed=told.changed)
    monitor.start()
    yield monitor
    monitor.stop()


def test_what_needs_no_packet_is_told_at_once(monitor: Monitor[str], told: Told):
    monitor.watch({"web": Watched(Endpoint("127.0.0.1", 1), ONLY_KERNEL, Look(liveness=Liveness.RUNNING))})
    until(monitor.verdicts)
    assert monitor.verdicts() == {"web": Health(state=HealthState.HEALTHY, level=HealthLevel.KERNEL, detail="listens")}
    monitor.watch({"web": Watched(Endpoint("127.0.0.1", 1), ONLY_KERNEL, Look(liveness=Liveness.STOPPED))})
    until(lambda: told.states("web") == [HealthState.HEALTHY, HealthState.HUNG])
    monitor.watch({})
    until(lambda: not monitor.verdicts())
    assert told.changes == [
        ("web", HealthState.UNKNOWN, HealthState.HEALTHY),
        ("web", HealthState.HEALTHY, HealthState.HUNG),
    ]
    assert threading.get_ident() not in told.threads


def test_why_nobody_is_asked_is_said(monitor: Monitor[str]):
    check = Check(reason="not connected to: it counts")
    monitor.watch({"db": Watched(Endpoint("127.0.0.1", 1), check)})
    until(monitor.verdicts)
    assert monitor.verdicts()["db"].detail == "not connected to: it counts"


async def test_a_service_that_is_not_asked_has_no_pulse_and_one_that_is_tells_when_it_will_be(told: Told):
    async with answering(response("200 OK"), closing=False) as server:
        monitor = Monitor(told.sink)
        task = asyncio.create_task(monitor.run())
        check = Check(probe=HttpGet(path="/"), interval=1000.0, timeout=5.0, rules=QUICK)
        monitor.watch({"web": Watched(server.endpoint, check), "db": Watched(server.endpoint, ONLY_KERNEL)})
        before = time.time()
        await becomes(lambda: (pulse := monitor.pulses().get("web")) and pulse.latencies and pulse.due)
        assert set(monitor.pulses()) == {"web"}
        due = monitor.pulses()["web"].due
        assert due is not None
        assert before + 1000 * (1 - JITTER) <= due <= time.time() + 1000 * (1 + JITTER)
        monitor.stop()
        await task
        assert monitor.pulses() == {}


async def test_a_service_is_asked_again_and_again(told: Told):
    async with answering(response("200 OK"), closing=False) as server:
        monitor = Monitor(told.sink)
        task = asyncio.create_task(monitor.run())
        monitor.watch({"web": Watched(server.endpoint, HTTP)})
        await becomes(lambda: len(server.requests) > 5)
        assert server.connections == 1
        assert monitor.verdicts()["web"].level is HealthLevel.HTTP
        await becomes(lambda: len(monitor.pulses()["web"].latencies) > 5)
        (pulse,) = monitor.pulses().values()
        assert (pulse.asked, pulse.interval) == ("GET /", HTTP.interval)
        assert all(latency is not None and latency > 0 for latency in pulse.latencies)
        await becomes(lambda: monitor.pulses()["web"].due is not None)
        monitor.stop()
        await task
        asked = len(server.requests)
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.1)
        assert len(server.requests) == asked


async def test_it_falls_after_three_and_rises_after_two(told: Told):
    good, ill = response("200 OK"), response("503 Later")
    async with answering(good, ill, ill, ill, good, good, good, closing=False) as server:
        monitor = Monitor(told.sink, changed=told.changed)
        task = asyncio.create_task(monitor.run())
        monitor.watch({"web": Watched(server.endpoint, HTTP)})
        await becomes(lambda: len(told.changes) >= 3)
        monitor.stop()
        await task
    assert told.changes[:3] == [
        ("web", HealthState.UNKNOWN, HealthState.HEALTHY),
        ("web", HealthState.HEALTHY, HealthState.UNHEALTHY),
        ("web", HealthState.UNHEALTHY, HealthState.HEALTHY),
    ]
    probes = [health for _, health in told.verdicts if health.level is HealthLevel.HTTP]
    assert [each.state for each in probes[:6]] == [
        HealthState.HEALTHY, HealthState.HEALTHY, HealthState.HEALTHY, HealthState.UNHEALTHY, HealthState.UNHEALTHY,
        HealthState.HEALTHY,
    ]  # fmt: skip


async def test_who_never_answers_delays_nobody(told: Told):
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async with serving(silent) as mute, answering(response("200 OK"), closing=False) as good:
        monitor = Monitor(told.sink)
        task = asyncio.create_task(monitor.run())
        slow = Check(probe=HttpGet(), interval=0.02, timeout=600.0)
        services = {f"mute{number}": Watched(mute.endpoint, slow) for number in range(20)}
        monitor.watch(services | {"web": Watched(good.endpoint, HTTP)})
        await becomes(lambda: len(good.requests) > 10)
        await becomes(lambda: mute.connections == 20)
        assert len(good.requests) > 10  # while each of the others waits in its only check
        assert mute.connections == 20
        monitor.stop()
        await task


@pytest.mark.needs_linux
@pytest.mark.needs_redis
def test_a_server_that_is_stopped_hangs_and_is_not_asked(own_redis: RedisServer, monitor: Monitor[str]):
    pid = own_redis.pid
    stat = read_stat(pid)
    assert stat is not None
    check = Check(probe=Speak("redis"), interval=0.02, timeout=5.0)

    def look() -> None:
        seen = Look(liveness=liveness([pid]), identity=(pid, stat.ticks))
        monitor.watch({"cache": Watched(Endpoint("127.0.0.1", own_redis.port), check, seen, pid, stat.ticks)})

    look()
    until(lambda: monitor.verdicts().get("cache", Health()).level is HealthLevel.PROTOCOL)
    os.kill(pid, signal.SIGSTOP)
    until(lambda: liveness([pid]) is Liveness.STOPPED)
    look()
    until(lambda: monitor.verdicts()["cache"].state is HealthState.HUNG)
    assert monitor.verdicts()["cache"].level is HealthLevel.KERNEL
    os.kill(pid, signal.SIGCONT)
    until(lambda: liveness([pid]) is Liveness.RUNNING)
    look()
    until(lambda: monitor.verdicts()["cache"].state is HealthState.HEALTHY)
    own_redis.kill()
    until(lambda: monitor.verdicts()["cache"].detail == "its process is gone")  # though nobody has looked again
    assert monitor.verdicts()["cache"].state is HealthState.UNHEALTHY


async def test_a_full_queue_lets_go_of_the_connection_that_may_be_why():
    async with answering(response("200 OK"), closing=False) as server:
        monitor: Monitor[str] = Monitor()
        task = asyncio.create_task(monitor.run())
        slowly = Check(probe=HttpGet(), interval=3600.0)
        watched = Watched(server.endpoint, slowly, Look(queue=0))
        monitor.watch({"web": watched})
        await becomes(lambda: monitor.verdicts().get("web", Health()).level is HealthLevel.HTTP)
        monitor.watch({"web": watched._replace(look=Look(queue=1))})
        await becomes(lambda: server.open == 0)
        for asked in (2, 3):
            monitor.hurry("web")
            await becomes(lambda asked=asked: len(server.requests) == asked)
            await becomes(lambda: server.open == 0)
        monitor.stop()
        await task


async def test_another_process_starts_with_a_clean_record(told: Told):
    async with answering(response("503 Later"), closing=False) as server:
        monitor = Monitor(told.sink, changed=told.changed)
        task = asyncio.create_task(monitor.run())
        watched = Watched(server.endpoint, HTTP, Look(identity=(1, 1)))
        monitor.watch({"web": watched})
        await becomes(lambda: HealthState.UNHEALTHY in told.states("web"))
        monitor.watch({"web": watched._replace(look=Look(identity=(2, 9), age=0.5))})
        await becomes(lambda: told.states("web")[-1] is HealthState.STARTING)
        monitor.stop()
        await task


def test_what_fails_for_long_is_asked_less_often():
    record = Record(Watched(Endpoint("127.0.0.1", 1), Check(interval=5.0)))
    pauses = []
    for _ in range(20):
        record.note(Health(state=HealthState.UNHEALTHY))
        pauses.append(record.pause)
    assert pauses[:9] == [5.0] * 5 + [10.0] * 3 + [20.0]
    assert max(pauses) == pauses[-1] == LONGEST_PAUSE
    assert 0 < JITTER < 0.5
    record.note(Health(state=HealthState.HEALTHY))
    assert record.pause == 5.0
    rare = Record(Watched(Endpoint("127.0.0.1", 1), Check(interval=300.0)))
    for _ in range(20):
        rare.note(Health(state=HealthState.UNHEALTHY))
    assert rare.pause == 300.0


def test_a_callback_that_fails_stops_nothing(caplog: pytest.LogCaptureFixture):
    def fail(_key: str, _health: Health) -> None:
        raise ValueError("not mine")

    monitor = Monitor(fail)
    monitor.start()
    monitor.watch({"a": Watched(None, ONLY_KERNEL), "b": Watched(None, ONLY_KERNEL)})
    until(lambda: len(monitor.verdicts()) == 2)
    monitor.stop()
    assert "a callback for health failed" in caplog.text


def test_starting_and_stopping_again_and_again():
    before = set(threading.enumerate())  # an earlier test's may still be about to end
    monitor: Monitor[str] = Monitor()
    monitor.stop()
    for _ in range(3):
        monitor.start()
        monitor.start()
        monitor.watch({"a": Watched(None, ONLY_KERNEL)})
        until(monitor.verdicts)
        monitor.stop()
        monitor.stop()
    assert not set(threading.enumerate()) - before


@pytest.mark.needs_linux
def test_a_forked_child_has_a_monitor_that_never_started(monitor: Monitor[str]):
    monitor.watch({"a": Watched(None, ONLY_KERNEL)})
    until(monitor.verdicts)
    pid = os.fork()
    if pid == 0:
        try:
            empty = dict(monitor.verdicts()) == {}
            monitor.stop()
            monitor.start()
            monitor.watch({"b": Watched(None, ONLY_KERNEL)})
            until(lambda: list(monitor.verdicts()) == ["b"], patience=10)
            monitor.stop()
            os._exit(0 if empty else 3)
        except BaseException:  # noqa: BLE001  a child of a test must not go on as if it were the test run
            os._exit(4)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert list(monitor.verdicts()) == ["a"]
