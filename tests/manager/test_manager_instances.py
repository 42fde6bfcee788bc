"""Further instances of a service: they ask for what the first asks for, and have ports and variables of their own."""

from dataclasses import replace

from portdash.config.services import ServiceConfig
from portdash.config.settings import Config
from portdash.manager.allocate import allocate
from portdash.manager.deps import Deps
from portdash.manager.wishes import Wish
from portdash.model.assignment import ServiceSpec, Source
from portdash.model.ports import IpProtocol, PortRange
from portdash.model.snapshot import Status


def with_services(deps: Deps, *services: ServiceConfig) -> Deps:
    return replace(deps, config=replace(Config(), services=services))


WEB = ServiceSpec(name="web", preferred=(3000, 3001), env="SHOP_PORT", range=PortRange(3000, 3009), type="web")


def test_an_instance_asks_for_what_the_first_is_declared_with(deps: Deps):
    deps = with_services(deps, ServiceConfig(spec=WEB))
    rows = allocate(deps, [Wish(name="web"), Wish(name="web@2"), Wish(name="Web@3")]).assignments
    assert [(row.name, row.port, row.source) for row in rows] == [
        ("web", 3000, Source.PREFERRED),
        ("web@2", 3001, Source.FALLBACK),
        ("Web@3", 3002, Source.FALLBACK),
    ]
    assert [row.spec.variable for row in rows] == ["SHOP_PORT", "WEB_2_PORT", "WEB_3_PORT"]


def test_an_instance_asks_for_what_the_first_was_given_without_a_declaration(deps: Deps):
    allocate(deps, [Wish(name="web", preferred=(3000,), range=PortRange(3000, 3009), purpose="pages")])
    (row,) = allocate(deps, [Wish(name="web@2")]).assignments
    assert (row.port, row.spec.purpose) == (3001, "pages")


def test_what_is_said_of_an_instance_wins(deps: Deps):
    deps = with_services(deps, ServiceConfig(spec=WEB))
    (row,) = allocate(deps, [Wish(name="web@2", preferred=(3005,))]).assignments
    assert (row.port, row.source) == (3005, Source.PREFERRED)


def test_an_instance_is_of_its_first_ones_protocol(deps: Deps):
    deps = with_services(deps, ServiceConfig(spec=ServiceSpec(name="dns", protocol=IpProtocol.UDP, preferred=(5300,))))
    rows = allocate(deps, [Wish(name="dns"), Wish(name="dns@2")]).assignments
    assert [row.key.protocol for row in rows] == [IpProtocol.UDP, IpProtocol.UDP]


def test_declared_replicas_are_services_before_they_have_a_port(deps: Deps):
    deps = with_services(deps, ServiceConfig(spec=WEB, replicas=3, command=("serve",)))
    views = deps.observer.snapshot().services
    assert [(view.name, view.port, view.status) for view in views] == [
        ("web", None, Status.STOPPED),
        ("web@2", None, Status.STOPPED),
        ("web@3", None, Status.STOPPED),
    ]


def test_an_override_counts_for_the_first_alone(deps: Deps):
    deps = replace(with_services(deps, ServiceConfig(spec=WEB)), environ={"SHOP_PORT": "3007"})
    rows = allocate(deps, [Wish(name="web"), Wish(name="web@2")]).assignments
    assert [(row.port, row.source) for row in rows] == [(3007, Source.OVERRIDE), (3000, Source.PREFERRED)]
