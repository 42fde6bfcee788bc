"""Watching instances: who is told what, and when."""

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from queue import Empty, Queue

import pytest

from portdash.discovery import monitoring
from portdash.discovery.instance import Instance
from portdash.discovery.monitoring import HealthWatch
from portdash.discovery.news import KEPT, Change, News
from portdash.errors import StoreError, UsageError
from portdash.machine.procfs import read_stat
from portdash.model.health import Health, HealthState

PATIENCE = 30.0


def instance(port: int | None, state: str = "healthy", pid: int | None = None) -> Instance:
    stat = read_stat(pid) if pid else None
    identity = (pid, stat.ticks) if stat else None
    health = Health(state=HealthState(state))
    return Instance(service="api", url=f"http://localhost:{port}", health=health, port=port, pid=pid, identity=identity)


class Told(Queue[tuple[int, bool]]):
    """A source whose instances are as they were put, and what was called back."""

    def __init__(self, *instances: Instance) -> None:
        super().__init__()
        self.instances = instances
        self.looks: Queue[None] = Queue()
        self.error: Exception | None = None

    def current(self) -> tuple[Instance, ...]:
        return tuple(each for each in self.instances if each.pid is None or _lives(each.pid))

    def refresh(self) -> tuple[Instance, ...]:
        found = self.current()
        self.looks.put(None)
        if self.error:
            raise self.error
        return found

    def close(self) -> None:
        """Nothing is held."""

    def looked(self) -> None:
        self.looks.get(timeout=PATIENCE)

    def heard(self) -> tuple[int, bool]:
        return self.get(timeout=PATIENCE)


def _lives(pid: int) -> bool:
    stat = read_stat(pid)
    return stat is not None and not stat.is_dead


@pytest.fixture
def watching() -> Iterator[Callable[..., HealthWatch]]:
    with ExitStack() as stack:

        def watch(told: Told, interval: float = 0.05, **said: object) -> HealthWatch:
            found = HealthWatch(told, interval=interval, **said)  # type: ignore[arg-type]
            found.on_health_change(lambda port, healthy: told.put((port, healthy)))
            stack.callback(found.stop)
            found.start()
            return found

        yield watch


Watch = Callable[..., HealthWatch]


def changes(news: News, *instances: Instance) -> list[Change]:
    return list(news.see(instances))


def test_what_is_news():
    news = News()
    well, ill, starting = instance(1), instance(1, "hung"), instance(1, "starting")
    assert changes(news, well, instance(2, "unhealthy"), instance(None, "unhealthy")) == [Change(2, False)]
    assert not news.all_well
    assert changes(news, well, instance(2, "starting")) == []
    assert changes(news, starting, instance(2, "degraded")) == [Change(2, True)]
    assert changes(news, ill, instance(2)) == [Change(1, False)]
    assert changes(news) == [Change(2, False)]
    assert changes(news) == []
    assert changes(news, well, instance(2)) == [Change(1, True), Change(2, True)]
    assert news.all_well


def test_ever_new_ports_are_no_leak():
    news = News()
    for port in range(1, KEPT + 50):
        assert changes(news, instance(port)) == ([Change(port - 1, False)] if port > 1 else [])
    assert len(news._is_up) <= KEPT + 2


def test_who_goes_down_and_comes_back_is_told_and_logged(watching: Watch, caplog: pytest.LogCaptureFixture):
    told = Told(instance(8080), instance(8081))
    logger = logging.getLogger("shop")
    with caplog.at_level(logging.INFO, "shop"):
        watching(told, logger=logger)
        told.looked()
        told.instances = (instance(8080, "unhealthy"), instance(8081))
        assert told.heard() == (8080, False)
        told.instances = (instance(8080), instance(8081))
        assert told.heard() == (8080, True)
    lines = [(record.name, record.message) for record in caplog.records]
    assert lines == [("shop", "Instance 8080 unhealthy, initiating failover"), ("shop", "Instance 8080 recovered")]


@pytest.mark.needs_linux
def test_an_end_wakes_it_long_before_its_time(watching: Watch):
    with subprocess.Popen([sys.executable, "-IS", "-c", "input()"], stdin=subprocess.PIPE) as process:
        told = Told(instance(8080, pid=process.pid), instance(8081))
        watching(told, interval=3600.0)
        told.looked()
        process.kill()
        assert told.heard() == (8080, False)
        told.instances = (instance(8080), instance(8081))
        assert told.heard() == (8080, True)


def test_a_callback_that_fails_and_a_store_that_is_away_stop_nothing(caplog: pytest.LogCaptureFixture):
    told = Told(instance(8080))
    watch = HealthWatch(told, interval=0.02)

    @watch.on_health_change
    def fail(port: int, healthy: bool) -> None:
        raise ValueError(port, healthy)

    watch.on_health_change(lambda port, healthy: told.put((port, healthy)))
    watch.start()
    watch.start()
    told.looked()
    told.error = StoreError("away")
    for _ in range(5):
        told.looked()
    told.instances, told.error = (instance(8080, "hung"),), None
    assert told.heard() == (8080, False)
    watch.stop()
    messages = [record.message for record in caplog.records]
    assert sum("tried again: away" in each for each in messages) == 1
    assert "a callback for health failed" in messages
    told.instances = (instance(8080),)
    with pytest.raises(Empty):
        told.get_nowait()
    watch.start(interval="10ms")
    told.looks.queue.clear()
    told.looked()
    watch.stop()


class Slow(Told):
    """A source whose looks take until they are let go on."""

    def __init__(self, *instances: Instance) -> None:
        super().__init__(*instances)
        self.may_end = threading.Event()

    def refresh(self) -> tuple[Instance, ...]:
        found = super().refresh()
        self.may_end.wait(PATIENCE)
        return found


def test_a_watch_that_is_stopped_while_it_looks_and_started_runs_once(watching: Watch, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(monitoring, "PATIENCE", 0.0)
    told = Slow(instance(8080, "unhealthy"))
    watch = watching(told)
    first = watch._thread
    told.looked()
    watch.stop()
    watch.start()
    told.may_end.set()
    assert first
    first.join(PATIENCE)
    assert not first.is_alive()
    assert told.heard() == (8080, False)
    assert told.empty(), "what the first was about to say is said no more"


async def test_callbacks_come_in_the_loop():
    told, heard = Told(instance(8080)), asyncio.Queue[tuple[int, bool, bool]]()
    watch = HealthWatch(told, interval="20ms")
    here = threading.current_thread()
    watch.on_health_change(lambda port, healthy: heard.put_nowait((port, healthy, threading.current_thread() is here)))
    watch.start(asyncio.get_running_loop())
    await asyncio.to_thread(told.looked)
    told.instances = ()
    async with asyncio.timeout(PATIENCE):
        assert await heard.get() == (8080, False, True)
    await asyncio.to_thread(watch.stop)


@pytest.mark.needs_linux
def test_a_forked_child_may_start_its_own(watching: Watch):
    told = Told(instance(8080))
    watch = watching(told)
    told.looked()
    child = os.fork()
    if not child:
        watch.stop()
        fresh = Told()
        other = HealthWatch(fresh, interval=0.02)
        other.start()
        fresh.looked()
        other.stop()
        os._exit(7)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    told.looked()


@pytest.mark.parametrize("interval", [0, -1, "soon", "9d", float("nan"), True])
def test_intervals_that_are_none(interval: float | str):
    with pytest.raises(UsageError, match="interval="):
        HealthWatch(Told(), interval=interval)
    with pytest.raises(UsageError, match="interval="):
        HealthWatch(Told()).start(interval=interval)
