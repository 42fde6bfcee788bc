from dataclasses import replace
from os import getpid

import pytest
from api_world import Listen

from portdash.api.publishing import SERVICE, Tcp, published
from portdash.demo.machine import FakeMachine
from portdash.errors import PortdashError
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish
from portdash.model.listener import Process

ANY = Tcp(port=8081)


@pytest.fixture(autouse=True)
def _we_run(machine: FakeMachine) -> None:
    machine._processes[getpid()] = Process(pid=getpid(), name="portdash", ticks=7)


def test_the_server_has_a_lease_while_it_runs_and_keeps_its_port_after(deps: Deps):
    with published(deps, ANY) as port:
        assert port == 8081
        (lease,) = deps.store.snapshot().leases.values()
        assert (lease.key.workspace, lease.key.service, lease.pid) == ("default", SERVICE, getpid())
    assert not deps.store.snapshot().leases
    assert [row.port for row in deps.store.snapshot().assignments.values()] == [8081]


def test_where_8081_is_taken_another_port_is_found_and_8081_taken_again_once_it_is_free(
    deps: Deps, listen: Listen, machine: FakeMachine
):
    squatter = listen(8081)
    with published(deps, ANY) as port:
        assert port != 8081
    machine._listeners = tuple(each for each in machine.listeners() if each != squatter)
    with published(deps, ANY) as port:
        assert port == 8081


def test_a_port_that_is_named_is_had_or_nothing(deps: Deps, listen: Listen):
    listen(9000)
    with pytest.raises(PortdashError, match="9000"), published(deps, Tcp(port=9000, is_fixed=True)):
        pass
    assert not deps.store.snapshot().assignments
    with published(deps, Tcp(port=9001, is_fixed=True)) as port:
        assert port == 9001
    with published(deps, ANY) as port:
        assert port == 8081


def test_nobody_moves_for_it(deps: Deps):
    allocate(deps, [Wish(name="web", preferred=(8081,))])
    with published(deps, ANY) as port:
        assert port != 8081
    with pytest.raises(PortdashError, match="8081"), published(deps, Tcp(port=8081, is_fixed=True)):
        pass
    assert [row.port for row in deps.store.snapshot().assignments.values() if row.name == "web"] == [8081]


def test_read_only_tells_nobody(deps: Deps, listen: Listen):
    locked = replace(deps, config=replace(deps.config, read_only=True))
    with published(locked, ANY) as port:
        assert port == 8081
    assert deps.store.snapshot().revision == 0
    listen(8081)
    with pytest.raises(PortdashError, match="8081 is not free"), published(locked, ANY):
        pass
