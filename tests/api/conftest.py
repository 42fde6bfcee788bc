"""An application over a machine made of data, and a client that reaches it as one on loopback does."""

from collections.abc import AsyncIterator

import httpx
import pytest
from api_world import PORT, SHOP, TOKEN, Listen, client_of

from portdash.api.settings import Settings
from portdash.api.token import FixedToken
from portdash.config.settings import Config
from portdash.demo.clock import FrozenClock
from portdash.demo.machine import FakeMachine
from portdash.manager.deps import Deps, Place
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol
from portdash.model.project import Project
from portdash.store.memory import MemoryStore

OTHER = Project(root="/home/dev/src/other", name="other")


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
        actor="api",
    )


@pytest.fixture
def settings() -> Settings:
    return Settings(token=FixedToken(TOKEN), port=PORT)


@pytest.fixture
async def client(deps: Deps, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client that has the token."""
    async with client_of(deps, settings) as client:
        yield client


@pytest.fixture
def listen(machine: FakeMachine) -> Listen:
    """Put a server of the user on a port, by default one that works in another project."""

    def listen(port: int, *, pid: int = 4121, cwd: str = OTHER.root, is_known: bool = True, users: int = 0) -> Listener:
        owner = Process(
            pid=pid,
            name="node",
            ticks=pid,
            started_at=1_799_999_822.5,
            user="dev",
            cwd=cwd,
            command=("node", "--key=x"),
        )
        listener = Listener(
            protocol=IpProtocol.TCP,
            address="127.0.0.1",
            port=port,
            owner=owner,
            pids=(pid,) if is_known else (),
            user="dev",
            project=machine.project_of(cwd),
            connections=users,
        )
        machine.listen(listener)
        return listener

    return listen
