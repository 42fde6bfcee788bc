"""All instances are tried again when none was left, as often as a client wants it and after a wait; else once."""

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest
from client_faces import FACES, Face
from own_ports import own_port

from portdash.discovery.balancer import LoadBalancer
from portdash.discovery.failures import AllInstancesFailed
from portdash.discovery.instance import Instance
from portdash.discovery.metrics import Metrics
from portdash.errors import UsageError
from portdash.testing import TestInstance

Connect = Callable[..., Face]


class ComesBack:
    """Instances of which one is started again when they are looked for the second time."""

    def __init__(self, server: TestInstance) -> None:
        self._server = server
        self.looks = 0

    def current(self) -> tuple[Instance, ...]:
        return (self._server.instance,)

    def refresh(self) -> tuple[Instance, ...]:
        self.looks += 1
        if self.looks == 2:
            self._server.start()
        return self.current()

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture(params=sorted(FACES))
def connect(request: pytest.FixtureRequest) -> Iterator[Connect]:
    with contextlib.ExitStack() as stack:

        def make(balancer: LoadBalancer, **options: object) -> Face:
            face: Face = FACES[request.param](balancer, **options)
            stack.callback(face.close)
            return face

        yield make


@pytest.mark.parametrize(("retries", "tries"), [(0, 2), (1, 4), (3, 8)])
def test_each_round_tries_each_instance_once_and_waits_before(connect: Connect, retries: int, tries: int):
    with TestInstance(port=own_port()) as one, TestInstance(port=own_port()) as two:
        instances = [one.instance, two.instance]
        one.stop()
        two.stop()
        face = connect(LoadBalancer(instances, "first"), max_retries=retries, retry_backoff="20ms")
        began = time.monotonic()
        with pytest.raises(AllInstancesFailed) as caught:
            face.send()
        assert time.monotonic() - began >= 0.02 * retries
        ports = [each.instance.port for each in caught.value.attempts]
        assert ports == [one.port, two.port] * (tries // 2)


def test_one_that_has_come_back_by_then_answers(connect: Connect):
    with TestInstance(port=own_port()) as server:
        server.stop()
        source = ComesBack(server)
        face = connect(LoadBalancer(source, "first"), max_retries=1, retry_backoff="10ms")
        assert face.send().status_code == 200
        assert source.looks == 2


@pytest.mark.parametrize("odd", [-1, True, "3", 1.5, None])
def test_what_is_no_count_is_refused_by_name(connect: Connect, odd: object):
    with pytest.raises(UsageError, match="max_retries"):
        connect(LoadBalancer([], "first"), max_retries=odd)


def test_a_further_round_is_no_failover(connect: Connect):
    metrics = Metrics()
    with TestInstance(port=own_port()) as one:
        one.stop()
        face = connect(LoadBalancer([one.instance], "first"), max_retries=2, retry_backoff="1ms", metrics=metrics)
        with pytest.raises(AllInstancesFailed) as caught:
            face.send()
    assert len(caught.value.attempts) == 3
    assert metrics.failover_count == 0
