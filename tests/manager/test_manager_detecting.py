"""`detect` in a configuration, from the file's word to the stored port and the log."""

import logging
from dataclasses import replace

import pytest
from manager_world import SHOP

from portdash.config.services import ServiceConfig
from portdash.config.settings import Config
from portdash.demo.machine import FakeMachine
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish
from portdash.model.assignment import ServiceSpec, Source
from portdash.model.listener import Listener, Process
from portdash.model.ports import IpProtocol


def detecting(deps: Deps, kind: str | None = "vite", **wishes: object) -> Deps:
    spec = ServiceSpec(name="client", preferred=(5173,), **wishes)  # type: ignore[arg-type]
    return replace(deps, config=Config(services=(ServiceConfig(spec=spec, detect=True, fingerprint=kind),)))


@pytest.fixture
def vite(machine: FakeMachine) -> None:
    """A server of the shop, not on the port that is asked for."""
    command = ("node", "node_modules/.bin/vite")
    owner = Process(pid=4121, name="node", ticks=1, user="dev", cwd=SHOP.root, command=command)
    machine.listen(
        Listener(
            protocol=IpProtocol.TCP,
            address="127.0.0.1",
            port=5174,
            owner=owner,
            pids=(4121,),
            user="dev",
            project=machine.project_of(SHOP.root or ""),
            framework="vite",
        )
    )


@pytest.mark.usefixtures("vite")
def test_the_running_server_is_found_kept_and_logged(deps: Deps, caplog: pytest.LogCaptureFixture):
    world = detecting(deps)
    with caplog.at_level(logging.INFO, logger="portdash.allocation"):
        row = allocate(world, [Wish(name="client")]).assignments[0]
    assert (row.port, row.source) == (5174, Source.DETECTED)
    assert [each.getMessage() for each in caplog.records] == [
        "[client] Starting port allocation from 5173 (max: 11999)",
        "Detected Vite client server on port 5174",
        "[client] Allocated detected port 5174 after 1 attempt(s)",
    ]
    revision = deps.store.snapshot().revision
    assert allocate(world, [Wish(name="client")]).assignments[0].port == 5174
    assert deps.store.snapshot().revision == revision


@pytest.mark.usefixtures("vite")
@pytest.mark.parametrize("name", ["docs", "client@2"])
def test_another_service_does_not_get_it(deps: Deps, name: str):
    row = allocate(detecting(deps), [Wish(name=name)]).assignments[0]
    assert row.port != 5174


@pytest.mark.usefixtures("vite")
def test_any_kind_needs_more_than_that_it_works_there(deps: Deps):
    assert allocate(detecting(deps, None), [Wish(name="client")]).assignments[0].port == 5173
