import pytest
from manager_world import Listen

from portdash.demo.machine import FakeMachine
from portdash.errors import InvalidName, NoPortAvailable
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.facade import PortManager
from portdash.manager.suggesting import suggest
from portdash.manager.wishes import Wish
from portdash.model.assignment import Source, Verdict
from portdash.model.ports import PortRange
from portdash.planning.well_known import WELL_KNOWN, well_known


def test_a_well_known_server_has_its_usual_port_first_and_then_the_range_of_its_type(deps: Deps):
    found = suggest(deps, "redis", count=3)
    assert (found.spec.type, found.ports) == ("cache", (6379, 6000, 6001))
    assert [option.source for option in found.options] == [Source.PREFERRED, Source.FALLBACK, Source.FALLBACK]
    assert found.meant == "a server of type cache"
    assert deps.store.snapshot().revision == 0


def test_a_taken_usual_port_is_passed_over_and_said(deps: Deps, listen: Listen):
    listen(5432, name="postgres")
    found = suggest(deps, "postgres", count=2)
    assert found.ports == (5000, 5001)
    assert [(each.port, each.verdict) for each in found.refused] == [(5432, Verdict.LISTENING)]
    assert [[each.port for each in option.reasons] for option in found.options] == [[5432, 5000], [5432, 5001]]


def test_a_type_means_its_range(deps: Deps):
    found = suggest(deps, "ML")
    assert (found.meant, found.ports) == ("the type ml", (8300, 8301, 8302, 8303, 8304))


def test_a_service_means_what_it_asks_for(deps: Deps):
    allocate(deps, [Wish(name="redis", range=PortRange(7000, 7009))])
    found = suggest(deps, "redis", count=2)
    assert (found.meant, found.current, found.ports) == ("the service redis", 7000, (7000, 7001))


def test_one_that_inherits_would_get_what_its_parent_gets(deps: Deps):
    allocate(deps, [Wish(name="web", base=7000), Wish(name="socket", inherit_from="web")])
    assert suggest(deps, "socket", count=1).ports == (7000,)


def test_any_other_name_is_a_service_without_wishes(deps: Deps):
    found = suggest(deps, "prometheu", count=2)
    assert found.ports == (4000, 4001)
    assert found.meant == "a service without wishes; did you mean prometheus?"


def test_a_port_the_kernel_refuses_is_not_suggested(deps: Deps, monkeypatch: pytest.MonkeyPatch):
    held = {8300, 8301, 8303}
    monkeypatch.setattr(
        FakeMachine, "bind_error", lambda _self, _protocol, port: "address in use" if port in held else None
    )
    found = suggest(deps, "ml", count=3)
    assert found.ports == (8302, 8304, 8305)
    assert [(each.port, each.verdict) for each in found.refused] == [(8300, Verdict.BOUND), (8301, Verdict.BOUND)]


def test_a_kernel_that_refuses_everything_ends_the_search(deps: Deps, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(FakeMachine, "bind_error", lambda _self, _protocol, _port: "no")
    with pytest.raises(NoPortAvailable, match="No available ports found in range 8300-8499 and 10000-11999"):
        suggest(deps, "ml")


def test_what_is_neither_name_nor_type_is_refused(deps: Deps):
    with pytest.raises(InvalidName):
        suggest(deps, "8080")


def test_the_facade_suggests(deps: Deps):
    assert PortManager(deps=deps).suggest("grafana", count=1).ports == (3000,)


@pytest.mark.parametrize(
    ("name", "port"),
    [("Redis", 6379), ("redis@2", 6379), ("shop-postgres", 5432), ("my.vite_app", 5173), ("redis-and-mysql", None),
     ("redis-valkey", 6379), ("web", None)],
)  # fmt: skip
def test_a_name_speaks_of_one_kind_of_server(name: str, port: int | None):
    found = well_known(name)
    assert (found.port if found else None) == port


def test_the_table_is_sound():
    assert all(1024 <= each.port <= 65535 for each in WELL_KNOWN.values())
    assert all(name == name.casefold() for name in WELL_KNOWN)
