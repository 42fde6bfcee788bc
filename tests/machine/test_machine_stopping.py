"""Stopping a container through an engine that does what the test says."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_engine import FakeEngine, Reply, say

from portdash.errors import Refused
from portdash.machine.containers import stopping
from portdash.machine.containers.addresses import Address
from portdash.machine.containers.stopping import stop_container
from portdash.model.plan import Target
from portdash.model.ports import IpProtocol
from portdash.model.sockets import Socket

TCP = IpProtocol.TCP
ID = "ab" * 32
ROW = Socket(TCP, "0.0.0.0", 5432, pids=(7,))
Start = Callable[[Reply], FakeEngine]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made: list[FakeEngine] = []

    def begin(reply: Reply) -> FakeEngine:
        made.append(FakeEngine(tmp_path, reply))
        return made[-1]

    yield begin
    for each in made:
        each.close()


class Box:
    """A container and its proxy, as an engine and the socket table show them."""

    def __init__(self, **facts: object) -> None:
        self.running = True
        self.policy = "no"
        self.port = "5432"
        self.network = "default"
        self.refusal: tuple[int, object] = (204, None)
        self.returns = False
        self.asked: list[str] = []
        self.__dict__.update(facts)

    def __call__(self, made: socket.socket, method: str, path: str) -> None:
        self.asked.append(f"{method} {path}")
        if path.startswith(f"/containers/{ID}/stop"):
            if self.refusal[0] == 204:
                self.running = False
            say(made, *self.refusal)
            return
        assert path == f"/containers/{ID}/json"
        ports = {"5432/tcp": [{"HostIp": "0.0.0.0", "HostPort": self.port}]}
        configured = {"RestartPolicy": {"Name": self.policy}, "NetworkMode": self.network}
        if self.returns and any("stop" in each for each in self.asked):
            self.running = True
        state = {"Running": self.running}
        say(made, 200, {"Id": ID, "State": state, "HostConfig": configured, "NetworkSettings": {"Ports": ports}})

    def sockets(self) -> tuple[Socket, ...]:
        return (ROW,) if self.running or self.returns else ()


def target(container: str = ID, *, beside: tuple[int, ...] = ()) -> Target:
    return Target(label="shop-db-1 (docker)", protocol=TCP, port=5432, container_id=container, beside=beside)


def stop(box: Box, *addresses: Address, shown: Target | None = None, grace: float = 0.5) -> str:
    return stop_container(shown or target(), grace=grace, sockets=box, addresses=addresses)


def test_it_is_stopped_with_its_grace_in_whole_seconds(start: Start):
    box = Box()
    said = stop(box, start(box).address)
    assert re.fullmatch(r"shop-db-1 \(docker\) stopped after [0-9.]+s, 5432 is free", said)
    assert box.asked == [f"GET /containers/{ID}/json", f"POST /containers/{ID}/stop?t=1"]


def test_one_with_the_machine_s_network_needs_no_published_port(start: Start):
    box = Box(network="host", port="")
    assert stop(box, start(box).address).endswith("5432 is free")


def test_one_that_had_stopped(start: Start):
    box = Box(running=False)
    assert stop(box, start(box).address) == "shop-db-1 (docker) had stopped already, 5432 is free"
    assert len(box.asked) == 1


def test_one_that_is_gone(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stopping, "_LEAVING", 0.2)
    box = Box(running=False)
    gone = start(lambda made, _method, _path: say(made, 404, {"message": "no such container"}))
    assert stop(box, gone.address).startswith("shop-db-1 (docker) had stopped already")
    box.running = True
    box.asked.clear()
    with pytest.raises(Refused, match="and 5432 is held by another by now"):
        stop(box, gone.address)


def test_those_whose_end_is_another_step_are_no_matter(start: Start):
    box = Box(returns=True, running=False)
    assert stop(box, start(box).address, shown=target(beside=(7,))).endswith("5432 is free")


def test_a_port_that_is_not_its_own_any_more(start: Start):
    box = Box(port="5433")
    with pytest.raises(Refused, match="does not publish 5432 any more"):
        stop(box, start(box).address)
    assert box.running


def test_an_engine_that_tells_of_another_container(start: Start):
    other = start(lambda made, _method, _path: say(made, 200, {"Id": "cd" * 32, "State": {"Running": True}}))
    with pytest.raises(Refused, match="gives no answer of an engine"):
        stop(Box(), other.address)


@pytest.mark.parametrize("policy", ["always", "unless-stopped", ""])
def test_one_that_comes_back(start: Start, policy: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stopping, "_LEAVING", 0.2)
    box = Box(policy=policy, returns=True)
    by = f"by its restart policy `{policy}`" if policy else "by somebody"
    with pytest.raises(Refused, match=f"stopped, and was started again {by}: it holds 5432") as caught:
        stop(box, start(box).address)
    assert caught.value.hint


def test_a_port_that_another_has_taken(start: Start, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stopping, "_LEAVING", 0.2)
    box = Box()
    box.sockets = lambda: (ROW,)  # type: ignore[method-assign]
    with pytest.raises(Refused, match="stopped, but 5432 is held by another by now"):
        stop(box, start(box).address)


def test_a_refusal_is_passed_on_in_the_engine_s_words(start: Start):
    box = Box(refusal=(500, {"message": "cannot stop: \x1b]52;paused"}))
    with pytest.raises(Refused, match="its engine refuses: cannot stop:") as caught:
        stop(box, start(box).address)
    assert caught.value.message.isprintable()
    assert caught.value.hint == f"`docker stop {ID[:12]}` stops it, or `podman stop {ID[:12]}`"


def test_an_engine_that_never_says_it_has_stopped(start: Start):
    box = Box()

    def reply(made: socket.socket, method: str, path: str) -> None:
        if "stop" in path:
            threading.Event().wait(20)
        else:
            box(made, method, path)

    with pytest.raises(Refused, match="its engine did not say so in time"):
        stop(box, start(reply).address, grace=0.0)


def test_engines_that_cannot_be_asked(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stopping, "_QUESTION", 0.3)
    box = Box()
    with pytest.raises(Refused, match="its engine cannot be asked, for there is none"):
        stop(box)
    with pytest.raises(Refused, match=r"its engine cannot be asked: .*none does not run"):
        stop(box, Address(str(tmp_path / "none")))
    silent = start(lambda _made, _method, _path: threading.Event().wait(5))
    with pytest.raises(Refused, match=r"its engine cannot be asked: .* does not answer"):
        stop(box, Address(str(tmp_path / "none")), silent.address)
    with pytest.raises(Refused, match="its engine does not tell us which container it is"):
        stop(box, shown=target(""))
