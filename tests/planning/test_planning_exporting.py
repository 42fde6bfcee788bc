import pytest
from worlds import MINIMAL, World, ask, key, spec

from portdash.errors import UsageError
from portdash.model.plan import Plan, Strategy
from portdash.model.ports import IpProtocol
from portdash.planning.adoption import Adoption, plan_adopt
from portdash.planning.allocation import plan_allocate
from portdash.planning.requests import Placement


def plan(world: World, *batch: Placement, strategy: Strategy = MINIMAL) -> Plan:
    return plan_allocate(world.snapshot(), batch, strategy=strategy, actor="cli")


@pytest.mark.parametrize("strategy", list(Strategy))
def test_two_services_of_one_call_are_not_exported_as_one_variable(strategy: Strategy):
    with pytest.raises(UsageError, match=r"my-api and my\.api would both be exported as MY_API_PORT") as caught:
        plan(World(), ask("my-api"), ask("my.api"), strategy=strategy)
    assert caught.value.hint.startswith("give one of them a variable of its own")
    made = plan(World(), ask("my-api"), ask("my.api", env="OTHER_PORT"), strategy=strategy)
    assert len(made.steps) == 2


@pytest.mark.parametrize("wishes", [{}, {"env": "MY_API_PORT"}])
def test_neither_is_one_that_has_a_port_or_is_declared(wishes: dict[str, object]):
    name = "other" if wishes else "my_api"
    for world in (World().has("my-api", 3000), World().declares("my-api")):
        with pytest.raises(UsageError, match="and my-api would both be exported as MY_API_PORT"):
            plan(world, ask(name, **wishes))
    for world in (
        World().has("my-api", 3000, "blog"),
        World().has("my-api", 3000, environment="test"),
        World().has("my-api", 3000, env="OTHER_PORT"),
        World().has("my-api", 3000).declares("my-api", env="OTHER_PORT"),
        World().has(name, 3000, protocol=IpProtocol.UDP),
    ):
        assert plan(world, ask(name, **wishes)).steps


def test_what_is_adopted_is_exported_as_nothing_that_another_is():
    world = World().listens(3000).listens(3001, pid=7)
    first, second = (
        Adoption(key(name), spec(name), port, IpProtocol.TCP) for name, port in (("my-api", 3000), ("my.api", 3001))
    )
    with pytest.raises(UsageError, match=r"my-api and my\.api would both be exported as MY_API_PORT"):
        plan_adopt(world.snapshot(), [first, second], actor="cli")
    with pytest.raises(UsageError, match="my-api and my_api would both be exported as MY_API_PORT"):
        plan_adopt(world.declares("my_api").snapshot(), [first], actor="cli")
    assert plan_adopt(world.snapshot(), [Adoption(key("web"), spec("web"), 3000, IpProtocol.TCP)], actor="cli").steps
