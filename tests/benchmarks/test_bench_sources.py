"""What a client pays for knowing where its service is: a look, a question to what is known, and the news of an end."""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import Queue

import pytest
from own_ports import own_port
from timing import cpu_seconds, report

import portdash
from portdash.discovery.local import LocalSource
from portdash.discovery.monitoring import HealthWatch
from portdash.discovery.sources import source_for

pytestmark = [pytest.mark.benchmark, pytest.mark.needs_linux]

ROUNDS = 20
SERVER = str(Path(__file__).parents[1] / "discovery" / "http_server.py")


@contextmanager
def serving(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen([sys.executable, "-IS", SERVER, str(port)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def port(home: Path) -> int:
    """The port of `api`, a service that is asked in HTTP."""
    root = home / "shop"
    (root / ".git").mkdir(parents=True)
    (root / "portdash.toml").write_text("[services.api.health]\nhttp_get = '/'\n")
    os.chdir(root)
    return portdash.allocate("api", preferred=own_port(), lease=False).port


def seconds(calls: int, what: object) -> float:
    assert callable(what)
    start = time.perf_counter()
    for _ in range(calls):
        what()
    return (time.perf_counter() - start) / calls


def test_a_look_and_a_question_to_what_is_known(port: int):
    with serving(port), closing(source_for("api")) as source:
        cold = seconds(1, source.refresh)
        assert [each.is_well for each in source.current()] == [True]
        warm, busy = (min(once(source.refresh) for _ in range(ROUNDS)) for once in (partial(seconds, 1), cpu_seconds))
        known = min(seconds(1000, source.current) for _ in range(ROUNDS))
    detail = f"{busy * 1e3:.1f} ms of CPU, {warm * 1e3:.1f} ms with its server's answer; the first {cold * 1e3:.0f} ms"
    report("a warm look for instances, against 10 ms", busy / 0.010, 1.0, detail)
    report("what is known, against a look", known / warm, 1 / 200, f"{known * 1e6:.1f} us")


def test_the_news_of_an_end(port: int):
    delays, looked = [], Queue[None]()
    with closing(source_for("api")) as source:
        assert isinstance(source, LocalSource)
        look = source.refresh
        source.refresh = lambda: (look(), looked.put(None))[0]  # type: ignore[method-assign]
        for _ in range(ROUNDS):
            heard: Queue[float] = Queue()
            with serving(port) as process:
                watch = HealthWatch(source, interval=3600.0)
                watch.on_health_change(lambda *_, heard=heard: heard.put(time.perf_counter()))
                looked.queue.clear()
                watch.start()
                looked.get(timeout=10)
                with socket.create_connection(("127.0.0.1", port)) as client:
                    seconds(1, lambda: time.sleep(0.05))  # the watch has begun; nothing announces it
                    process.kill()
                    with closing(client):
                        with suppress(ConnectionResetError):
                            assert client.recv(1) == b""
                        ended = time.perf_counter()
                delays.append(heard.get(timeout=10) - ended)
                watch.stop()
    late, worst = statistics.median(delays), max(delays)
    detail = f"{late * 1e3:.2f} ms after the client's EOF, at most {worst * 1e3:.2f} ms"
    report("the news of a server's end, against 5 ms", max(late, 0.0) / 0.005, 1.0, detail)
