"""All engines as one who looks again and again asks them: how often, how long, and what is said of those that fail."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_engine import FakeEngine, Reply, recorded, replay, say

from portdash.machine.containers import line as lines
from portdash.machine.containers.addresses import Address, Addresses
from portdash.machine.containers.engines import HOLDS, Engines, Known
from portdash.machine.containers.line import Line
from portdash.machine.local import LocalMachine
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket

Start = Callable[[Reply], FakeEngine]
ROWS = (Socket(IpProtocol.TCP, "127.0.0.1", 80),)
SAME = (Socket(IpProtocol.TCP, "127.0.0.1", 80),)
MORE = (*ROWS, Socket(IpProtocol.TCP, "127.0.0.1", 81))


class Clock:
    """A clock that runs as it does, and can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Start]:
    made: list[FakeEngine] = []

    def start(reply: Reply) -> FakeEngine:
        directory = tmp_path / str(len(made))
        directory.mkdir()
        made.append(FakeEngine(directory, reply))
        return made[-1]

    yield start
    for each in made:
        each.close()


def engines(
    *addresses: Address,
    notices: tuple[str, ...] = (),
    clock: Callable[[], float] = time.monotonic,
    limit: float = 20.0,  # the machine may be busy
) -> Engines:
    def find(_environ: object, _home: object) -> Addresses:
        return Addresses(addresses, notices)

    return Engines({}, Path("/"), find=find, monotonic=clock, limit=limit)


def lists(made: FakeEngine) -> int:
    return sum(1 for each in made.asked if each.endswith("all=1"))


def wait(ready: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.01)


class Gate:
    """A reply that comes when it is let."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.open = threading.Event()

    def __call__(self, made: socket.socket, method: str, path: str) -> None:
        self.open.wait(20)
        self._reply(made, method, path)


def test_without_an_engine_there_is_nothing_to_say():
    made = engines()
    assert made.look(ROWS) == Known()
    assert made.look(ROWS) is made.look(MORE)


def test_an_engine_that_may_not_be_asked_is_a_notice_all_the_same():
    assert engines(notices=("not asked",)).look(ROWS) == Known(notices=("not asked",))


def test_an_answer_holds_while_the_same_sockets_listen(engine: Start):
    clock = Clock()
    made = engine(replay(recorded("docker-20.10")))
    asked = engines(made.address, clock=clock)
    first = asked.look(ROWS)
    assert len(first.containers) == 4
    assert not first.blind
    assert asked.look(ROWS) is first
    assert asked.look(tuple(ROWS)) is first
    assert lists(made) == 1
    assert asked.look(MORE) is first
    assert lists(made) == 2  # another socket: it may be a container's
    clock.ahead += lines.FRESH + 0.1
    assert asked.look(MORE) is first
    assert lists(made) == 3


def test_which_engines_there_are_is_found_out_now_and_then_and_when_other_sockets_listen():
    clock, found = Clock(), []

    def find(_environ: object, _home: object) -> Addresses:
        found.append(1)
        return Addresses(notices=(str(len(found)),))

    made = Engines({}, Path("/"), find=find, monotonic=clock)
    assert made.look(ROWS).notices == made.look(ROWS).notices == made.look(SAME).notices == ("1",)
    assert made.look(MORE).notices == ("2",)
    assert made.look(MORE).notices == ("2",)
    clock.ahead += HOLDS
    assert made.look(MORE).notices == ("3",)


def test_the_same_container_told_by_two_engines_is_one(engine: Start):
    first, second = engine(replay(recorded("docker-20.10"))), engine(replay(recorded("docker-20.10")))
    other = engine(replay(recorded("podman-4.3")))
    found = engines(first.address, second.address, other.address).look(ROWS)
    assert len(found.containers) == 8
    assert {each.container.engine for each in found.containers} == {"docker", "podman"}


def test_engines_are_asked_at_the_same_time(engine: Start):
    both = threading.Barrier(2, timeout=20)
    answer = replay(recorded("docker-20.10"))

    def reply(made: socket.socket, method: str, path: str) -> None:
        if path.endswith("all=1"):
            both.wait()
        answer(made, method, path)

    first, second = engine(reply), engine(reply)
    made = [Line(each.address, limit=20) for each in (first, second)]
    for each in made:
        each.ask_if_due(changed=True)
    for each in made:
        each.collect(time.monotonic() + 20)
    assert all(each.stock for each in made)


def test_one_that_hangs_is_waited_for_once(engine: Start):
    gate = Gate(replay(recorded("docker-20.10")))
    made = engine(gate)
    asked = engines(made.address, limit=0.2)
    began = time.monotonic()
    first = asked.look(ROWS)
    assert time.monotonic() - began >= 0.2
    assert first.blind
    (notice,) = first.notices
    assert notice.startswith(f"the container engine at {made.address.label} has not answered within 0.2s")
    rows = [Socket(IpProtocol.TCP, "127.0.0.1", port) for port in range(90, 190)]
    for number in range(1, len(rows)):
        assert asked.look(tuple(rows[:number])) is first
    assert lists(made) == 1
    gate.open.set()
    wait(lambda: asked.look(ROWS).containers)
    last = asked.look(ROWS)
    assert (len(last.containers), last.notices, last.blind) == (4, (), False)


def test_what_was_known_stays_while_it_hangs(engine: Start):
    clock = Clock()
    gate = Gate(replay(recorded("docker-20.10")))
    gate.open.set()
    made = engine(gate)
    asked = engines(made.address, clock=clock, limit=0.2)
    wait(lambda: asked.look(ROWS).containers)
    before = asked.look(ROWS)
    gate.open.clear()
    clock.ahead += lines.FRESH + 0.1
    after = asked.look(ROWS)
    assert after.containers == before.containers
    assert not after.blind
    gate.open.set()


def test_one_that_fails_is_asked_less_and_less(engine: Start):
    clock = Clock()
    made = engine(lambda each, _method, _path: say(each, 500, None))
    asked = engines(made.address, clock=clock)
    for _ in range(400):  # seconds
        found = asked.look(ROWS)
        clock.ahead += 1
    assert found.blind
    (notice,) = found.notices
    assert notice.startswith(
        f"what listens on {made.address.label} is taken for no container engine (it answers 500): "
    )
    assert 5 <= lists(made) <= 14


def test_one_that_begins_to_answer_is_asked_when_somebody_begins_to_listen(engine: Start):
    answer = replay(recorded("docker-20.10"))
    made = engine(
        lambda each, method, path: say(each, 500, None) if len(made.asked) < 2 else answer(each, method, path)
    )
    asked = engines(made.address)
    assert asked.look(ROWS).blind
    assert asked.look(ROWS).blind
    assert asked.look(MORE).containers


def test_one_that_has_ended_takes_its_containers_along(engine: Start):
    clock = Clock()
    made = engine(replay(recorded("docker-20.10")))
    asked = engines(made.address, clock=clock)
    assert asked.look(ROWS).containers
    made.close()
    clock.ahead += lines.FRESH + 0.1
    assert asked.look(ROWS) == Known()


def test_one_that_may_not_be_opened_is_one_notice_with_the_remedy(monkeypatch: pytest.MonkeyPatch, engine: Start):
    made = engine(replay(recorded("docker-20.10")))

    def refuse(*_: object) -> None:  # root may open everything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("portdash.machine.containers.talking._Socket.connect", refuse)
    found = engines(made.address).look(ROWS)
    assert found.blind
    (notice,) = found.notices
    assert notice.startswith(f"containers are not named, for {made.address.label} may not be opened: `sudo usermod")


def test_many_who_look_at_once_ask_once(engine: Start):
    made = engine(replay(recorded("docker-20.10")))
    asked = engines(made.address)
    found: list[Known] = []
    threads = [threading.Thread(target=lambda: found.append(asked.look(ROWS))) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({id(each) for each in found}) == 1
    assert lists(made) == 1


def test_a_machine_tells_that_there_is_an_engine_whoever_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def told(made: Engines | None) -> bool:
        return LocalMachine(tmp_path / "state", home=tmp_path, engines=made).has_engines()

    assert told(engines(Address("/run/one.sock")))
    assert told(engines(notices=("one is not asked",)))
    assert not told(engines())
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")  # another machine's: named, and not asked
    assert told(None)
