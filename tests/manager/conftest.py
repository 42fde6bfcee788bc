"""A machine made of data and a store in memory, with hands to put things on it."""

import pytest
from manager_world import OTHER, SHOP, Listen

from portdash.config.settings import Config
from portdash.demo.clock import FrozenClock
from portdash.demo.machine import FakeMachine
from portdash.manager.deps import Deps, Place
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.project import Project
from portdash.store.memory import MemoryStore


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine(
        host="here",
        user="dev",
        projects=(Project(root="/home/dev/src/shop", name="shop"), OTHER),
        processes=(Process(pid=1, name="init", ticks=1),),
    )


@pytest.fixture
def deps(machine: FakeMachine) -> Deps:
    return Deps(
        store=MemoryStore(),
        machine=machine,
        config=Config(),
        clock=FrozenClock(1_800_000_000.0),
        place=Place("here", "dev", SHOP, "development"),
        actor="test",
    )


@pytest.fixture
def listen(machine: FakeMachine) -> Listen:
    """Put a server of the user on a port, by default one that works in another project."""

    def listen(port: int, *, pid: int = 4121, cwd: str = OTHER.root, name: str = "node") -> Listener:
        owner = Process(pid=pid, name=name, ticks=pid, started_at=1.0, user="dev", cwd=cwd, command=(name,))
        listener = Listener(
            protocol=IpProtocol.TCP,
            address="127.0.0.1",
            port=port,
            owner=owner,
            pids=(pid,),
            user="dev",
            project=machine.project_of(cwd),
        )
        machine.listen(listener)
        return listener

    return listen
