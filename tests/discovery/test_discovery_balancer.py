"""What the requests of one client share."""

import os
import threading

import pytest
from client_worlds import SAFE, UNSAFE, FakeClock, instance

from portdash.discovery.balancer import KEPT, LOOK_EVERY, LoadBalancer
from portdash.discovery.breaker import Circuit
from portdash.discovery.policy import Kind, Verdict, key_of
from portdash.discovery.standing import PENALTY, UNTRIED
from portdash.errors import NoInstances, UsageError

A, B, C = instance(8080), instance(8081), instance(8082)
WELL, DEAD = Verdict(Kind.ANSWERED, status=200), Verdict(Kind.REFUSED)


def request(balancer: LoadBalancer, verdict: Verdict, seconds: float = 0.001) -> int | None:
    chosen = balancer.pick()
    balancer.begin(chosen)
    balancer.judge(chosen, verdict, seconds)
    balancer.done(chosen)
    return chosen.port


def test_a_slow_one_gets_few_requests_once_it_is_known():
    clock = FakeClock()
    balancer = LoadBalancer([A, B], clock=clock)
    seen = []
    for _ in range(100):
        chosen = balancer.pick()
        balancer.begin(chosen)
        balancer.judge(chosen, WELL, 0.2 if chosen == A else 0.001)
        balancer.done(chosen)
        seen.append(chosen.port)
        clock.time += 0.01
    assert seen.count(8080) <= 1


def test_an_untried_one_is_not_tried_while_the_one_in_use_is_quick():
    balancer = LoadBalancer([A, B])
    assert {request(balancer, WELL, UNTRIED * 0.9) for _ in range(20)} == {8080}


def test_who_fails_is_left_alone_and_tried_again_later():
    clock = FakeClock()
    balancer = LoadBalancer([A, B], "first", clock=clock)
    assert request(balancer, DEAD) == 8080
    assert [each.circuit for each in balancer.standings()] == [Circuit.OPEN, Circuit.CLOSED]
    assert request(balancer, WELL) == 8081
    clock.time += 1.0
    assert key_of(A) not in balancer.field(SAFE).shut
    assert key_of(A) in balancer.field(UNSAFE).shut  # what must not be repeated is no trial
    assert request(balancer, WELL) == 8080
    assert balancer.standings()[0].circuit is Circuit.CLOSED
    assert balancer.field(UNSAFE).shut == []


def test_who_fails_fast_is_not_the_fastest():
    balancer = LoadBalancer([A], clock=FakeClock())
    request(balancer, Verdict(Kind.UNAVAILABLE, status=503), 0.0001)
    assert balancer.standings()[0].latency == PENALTY


def test_a_slow_answer_counts_at_once_and_fades():
    clock = FakeClock()
    balancer = LoadBalancer([A], clock=clock)
    for seconds in (0.001, 1.0, 0.001):
        request(balancer, WELL, seconds)
    latencies = []
    for _ in range(3):
        latencies.append(balancer.standings()[0].latency or 0.0)
        clock.time += 10.0
    assert 0.99 < latencies[0] <= 1.0
    assert latencies[0] > latencies[1] > latencies[2] > UNTRIED


def test_a_process_is_looked_at_now_and_then():
    clock, looks = FakeClock(), []
    mine = instance(8080, pid=os.getpid())

    def look(pid: int) -> bool:
        looks.append(pid)
        return len(looks) > 1

    balancer = LoadBalancer([mine], clock=clock, looks=look)
    assert [balancer.seems_stopped(mine) for _ in range(3)] == [False] * 3
    clock.time += LOOK_EVERY
    assert [balancer.seems_stopped(mine) for _ in range(3)] == [True] * 3
    assert looks == [os.getpid()] * 2
    assert not balancer.seems_stopped(A)


def test_any_protocol_can_use_it():
    balancer = LoadBalancer([A, B], "round_robin")
    with balancer.use() as first:
        assert balancer.standings()[0].in_flight == 1
    with pytest.raises(ConnectionRefusedError), balancer.use() as second:
        raise ConnectionRefusedError
    assert (first, second) == (A, B)
    assert [each.in_flight for each in balancer.standings()] == [0, 0]
    assert balancer.standings()[1].circuit is Circuit.OPEN
    with pytest.raises(ZeroDivisionError), balancer.use():
        raise ZeroDivisionError
    assert balancer.standings()[0].circuit is Circuit.CLOSED


def test_what_cannot_be_is_said():
    with pytest.raises(NoInstances):
        LoadBalancer([]).pick()
    with pytest.raises(UsageError, match="policy"):
        LoadBalancer([A], "best")
    for weight in (0, 0.5, float("nan")):
        with pytest.raises(UsageError, match="weight"):
            LoadBalancer([A], weights={8080: weight})  # type: ignore[dict-item]
    with pytest.raises(UsageError, match="policy"):
        LoadBalancer([A], None)  # type: ignore[arg-type]


def test_weights_are_those_of_ports():
    balancer = LoadBalancer([A, B], "weighted", weights={8080: 3})
    assert [balancer.pick().port for _ in range(4)] == [8080, 8080, 8081, 8080]


class Passing:
    """A source whose servers come and go."""

    def __init__(self) -> None:
        self.port = 1

    def current(self):
        return (instance(self.port),)

    refresh = current

    def close(self) -> None:
        """Nothing to let go of."""


def test_those_that_are_gone_are_forgotten():
    source = Passing()
    balancer = LoadBalancer(source, name="api")
    for port in range(1, 10 * KEPT):
        source.port = port
        request(balancer, DEAD)
    assert len(balancer._tracks) <= KEPT
    assert len(balancer._tripped) <= KEPT


def test_many_threads_keep_the_count():
    balancer = LoadBalancer([A, B, C], "least_conn")
    verdicts = [WELL, DEAD, Verdict(Kind.ABANDONED)]

    def work(number: int) -> None:
        for turn in range(50):
            request(balancer, verdicts[(number + turn) % 3])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.in_flight for each in balancer.standings()] == [0, 0, 0]


@pytest.mark.needs_linux
def test_a_forked_child_does_not_wait_for_a_thread_of_its_parent():
    balancer = LoadBalancer([A])
    with balancer._lock:  # as a thread may hold it at the moment of the fork
        child = os.fork()
        if child == 0:
            os._exit(0 if balancer.pick() == A else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
