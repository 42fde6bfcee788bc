from pathlib import Path

import pytest

from portdash.config.origins import Layer, Origin
from portdash.config.services import ServiceConfig
from portdash.config.settings import Config
from portdash.model.assignment import ServiceSpec, Verdict
from portdash.model.policy import PortLimits, TypeRange
from portdash.model.ports import PortRange
from portdash.planning.withheld import withheld

LIMITS = PortLimits(ephemeral=PortRange(32768, 60999), reserved=frozenset((8080,)))
FILE = Origin(Layer.PROJECT_FILE, Path("/shop/portdash.toml"))


def found(config: Config, limits: PortLimits = LIMITS) -> list[tuple[str, int, Verdict, bool]]:
    return [(each.key, len(each.reasons), each.reasons[0].verdict, each.is_all) for each in withheld(config, limits)]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (ServiceSpec(name="w", range=PortRange(40000, 40010)), ("services.w.range", 11, Verdict.EPHEMERAL, True)),
        (ServiceSpec(name="w", range=PortRange(32760, 32770)), ("services.w.range", 3, Verdict.EPHEMERAL, False)),
        (ServiceSpec(name="w", range=PortRange(80, 90)), ("services.w.range", 11, Verdict.PRIVILEGED, True)),
        (ServiceSpec(name="w", base=8000), ("services.w.base", 1, Verdict.OS_RESERVED, False)),
        (ServiceSpec(name="w", preferred=(443, 8443)), ("services.w.preferred", 1, Verdict.PRIVILEGED, False)),
    ],
)
def test_a_service_that_asks_for_what_the_system_keeps(spec: ServiceSpec, expected: tuple[str, int, Verdict, bool]):
    config = Config(services=(ServiceConfig(spec=spec),), origins={"services": FILE})
    assert found(config) == [expected]


def test_ranges_and_the_base_port():
    config = Config(
        base_port=50000,
        ranges=(TypeRange("low", PortRange(1, 100), "x"), TypeRange("good", PortRange(9000, 9100), "y")),
        origins={"base_port": FILE, "ranges": FILE},
    )
    assert found(config) == [
        ("base_port", 1000, Verdict.EPHEMERAL, True),
        ("ranges[0].range", 100, Verdict.PRIVILEGED, True),
    ]
    assert found(config, PortLimits(privileged=True)) == []


def test_what_is_built_in_is_nobodys_mistake():
    assert found(Config(), PortLimits(reserved=frozenset(range(4000, 12000)))) == []
