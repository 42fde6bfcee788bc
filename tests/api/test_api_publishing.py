from dataclasses import replace
from os import getpid
from pathlib import Path

import pytest
from api_world import Listen

from portdash.api.publishing import SERVICE, Tcp, published
from portdash.demo.machine import FakeMachine
from portdash.errors import PortdashError
from portdash.manager.allocate import allocate, settle
from portdash.manager.allocation_log import LogLine
from portdash.manager.deps import Deps
from portdash.manager.plans import plan_release
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


def test_a_server_beside_another_is_an_instance_of_its_own_and_takes_nothing_from_it(deps: Deps, tmp_path: Path):
    deps = replace(deps, state_dir=tmp_path)
    with published(deps, ANY) as first:
        with published(deps, ANY) as second, published(deps, Tcp(port=9001, is_fixed=True)) as third:
            ports = {row.name: row.port for row in deps.store.snapshot().assignments.values()}
            assert ports == {SERVICE: first, f"{SERVICE}@2": second, f"{SERVICE}@3": third}
            assert (first, third, len({first, second, third})) == (8081, 9001, 3)
            assert {key.service for key in deps.store.snapshot().leases} == ports.keys()
        assert [key.service for key in deps.store.snapshot().leases] == [SERVICE]
    with published(deps, ANY) as again:
        assert again == first


def test_a_port_that_is_named_is_not_told_to_be_another_first(deps: Deps):
    row = allocate(deps, [Wish(name="web", preferred=(40001,))]).assignments[0]
    settle(deps, lambda snapshot: plan_release(deps, snapshot, [row.key]))  # for a minute others take it last
    told: list[LogLine] = []
    with published(replace(deps, log=told.append), Tcp(port=40001, is_fixed=True)) as port:
        assert port == 40001
    assert [line.text for line in told if line.is_warning] == []


def test_read_only_tells_nobody(deps: Deps, listen: Listen):
    locked = replace(deps, config=replace(deps.config, read_only=True))
    with published(locked, ANY) as port:
        assert port == 8081
    assert deps.store.snapshot().revision == 0
    listen(8081)
    with pytest.raises(PortdashError, match="8081 is not free"), published(locked, ANY):
        pass
