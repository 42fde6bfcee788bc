"""What a dashboard's look costs beside a container engine: one that answers, and one that hangs."""

import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_engine import FakeEngine, Reply, recorded, replay
from timing import cpu_seconds, report

from portdash.machine.containers.engines import Engines, Known
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket

pytestmark = pytest.mark.benchmark

ROWS = tuple(Socket(IpProtocol.TCP, "127.0.0.1", 20000 + number) for number in range(200))
LOOKS = 500


@pytest.fixture
def start(tmp_path: Path) -> Iterator[FakeEngine]:
    made: list[FakeEngine] = []

    def begin(reply: Reply) -> Engines:
        made.append(FakeEngine(tmp_path, reply))
        return Engines({"DOCKER_HOST": f"unix://{made[-1].path}"}, tmp_path)

    yield begin  # type: ignore[misc]
    for each in made:
        each.close()


def looks(engines: Engines) -> None:
    for _ in range(LOOKS):
        engines.look(ROWS)


def against_none(engines: Engines, place: Path) -> tuple[float, str]:
    """Compare many looks with those beside no engine; return the ratio of the medians, and what one look costs."""
    none = Engines({}, place)
    none.look(ROWS)
    pairs = [(cpu_seconds(lambda: looks(engines)), cpu_seconds(lambda: looks(none))) for _ in range(9)]
    ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    return ours / floor, f"{ours / LOOKS * 1e6:.0f} µs of CPU"


def test_an_engine_that_answers(start, tmp_path: Path):  # noqa: ANN001
    engines = start(replay(recorded("docker-20.10")))
    until = time.monotonic() + 20
    while not engines.look(ROWS).containers:
        assert time.monotonic() < until
    ratio, detail = against_none(engines, tmp_path)
    report("a look beside an engine, against beside none", ratio, 3, detail)


def test_an_engine_that_hangs(start, tmp_path: Path):  # noqa: ANN001
    engines = start(lambda _made, _method, _path: threading.Event().wait(60))
    assert engines.look(ROWS) != Known()
    ratio, detail = against_none(engines, tmp_path)
    report("a look beside an engine that hangs, against beside none", ratio, 3, detail)
