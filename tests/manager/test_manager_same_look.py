"""A look that sees what the last one saw joins nothing anew, and one that sees anything else does."""

from portdash.config.settings import Config
from portdash.demo.machine import FakeMachine
from portdash.manager.deps import Deps, Place
from portdash.model.listener import Listener
from portdash.model.ports import IpProtocol
from portdash.model.workspace import Workspace
from portdash.store.memory import MemoryStore


class Clock:
    at = 1.0

    def now(self) -> float:
        self.at += 1
        return self.at


def test_only_the_time_is_another_until_something_is_seen():
    machine = FakeMachine(host="here", user="dev", listeners=())
    place = Place("here", "dev", Workspace(name="shop", root="/home/dev/src/shop"), "development")
    observer = Deps(
        store=MemoryStore(), machine=machine, config=Config(), clock=Clock(), place=place, actor="x"
    ).observer
    first, second = observer.snapshot(), observer.snapshot()
    assert second.taken_at == first.taken_at + 1
    assert second.services is first.services
    assert second.listeners is first.listeners
    machine.listen(Listener(protocol=IpProtocol.TCP, address="127.0.0.1", port=3000))
    third = observer.snapshot()
    assert [each.listener.port for each in third.listeners] == [3000]
    assert observer.snapshot().listeners is third.listeners
