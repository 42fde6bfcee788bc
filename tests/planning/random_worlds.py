"""Small random worlds in which everything is scarce, for property tests."""

from dataclasses import replace

from hypothesis import strategies as st
from worlds import World, ask, key, spec

from portdash.model.plan import Strategy
from portdash.model.policy import Policy, TypeRange
from portdash.model.ports import PortRange
from portdash.planning.requests import Override, Placement

FIRST, LAST = 5000, 5007
NAMES = ("a", "b", "c", "d", "e")
PORTS = st.integers(FIRST, LAST)


@st.composite
def wishes(draw: st.DrawFn) -> dict[str, object]:
    first = draw(PORTS)
    last = draw(st.integers(first, LAST))
    return {
        "preferred": tuple(draw(st.lists(PORTS, max_size=2, unique=True))),
        "range": PortRange(first, last),
        "priority": draw(st.sampled_from((None, 1, 3, 5))),
        "pin": draw(st.booleans()) and draw(st.booleans()),
        "exclude": frozenset(draw(st.lists(PORTS, max_size=1))),
    }


@st.composite
def worlds(draw: st.DrawFn) -> World:
    policy = Policy(
        ranges=(TypeRange("pool", PortRange(LAST + 1, LAST + 2), "dynamic", 4),),
        base_port=FIRST,
        span=LAST - FIRST + 1,
        trusted=draw(st.booleans()),
        return_home=draw(st.booleans()),
    )
    vanished = frozenset({"blog"}) if draw(st.integers(0, 4)) == 0 else frozenset[str]()
    world = World(policy=policy, vanished=vanished)
    free = draw(st.permutations(range(FIRST, LAST + 1)))
    for name, port in zip(NAMES, free[: draw(st.integers(0, len(NAMES)))], strict=False):
        workspace = draw(st.sampled_from(("shop", "shop", "blog")))
        home = draw(st.sampled_from((None, None, FIRST, LAST)))
        world.has(name, port, workspace, home=None if home == port else home, **draw(wishes()))
        if draw(st.booleans()) and draw(st.booleans()):
            world.runs(name, workspace)
    for name in ("x", "y"):
        parents = [each for each in world.rows.values() if each.spec.inherit_from is None]
        if parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            world.has(
                name, parent.port, parent.key.workspace, inherit_from=parent.name, pin=draw(st.integers(0, 5)) == 0
            )
    for port in draw(st.lists(PORTS, max_size=3, unique=True)):
        world.listens(port, pid=9000 + port, cwd="/home/me/src/other" if port % 2 else None, name="squatter")
    return world


@st.composite
def troubled_worlds(draw: st.DrawFn) -> World:
    """A world in which more services are in trouble: held, shared, answered for by another, or run elsewhere."""
    world = draw(worlds())
    for row in list(world.rows.values()):
        trouble = draw(st.sampled_from(("none", "none", "held", "beside", "elsewhere", "shared")))
        if trouble in ("held", "beside"):
            address = "::1" if trouble == "beside" else "127.0.0.1"
            world.listens(row.port, pid=700 + row.port, address=address, cwd="/home/me/src/other")
        elif trouble == "elsewhere" and row.key not in world.leases:
            world.runs(row.name, row.key.workspace, port=draw(st.sampled_from((FIRST, LAST, LAST + 2))))
        elif trouble == "shared" and row.spec.inherit_from is None:
            world.rows[row.key] = replace(row, port=draw(st.sampled_from([each.port for each in world.rows.values()])))
    return world


@st.composite
def placements(draw: st.DrawFn, world: World) -> list[Placement]:
    """A batch of new and existing services of the shop, some with an override, some that ask for other things now."""
    known = [each for each in world.rows.values() if each.key.workspace == "shop"]
    batch: list[Placement] = []
    for name in draw(st.lists(st.sampled_from(("new", "other", "third")), max_size=2, unique=True)):
        override = draw(st.sampled_from((None, None, None, str(FIRST), "abc")))
        batch.append(ask(name, override=override, **draw(wishes())))
    if known and draw(st.booleans()):
        row = draw(st.sampled_from(known))
        override = draw(st.sampled_from((None, None, None, Override("PORT", str(LAST)))))
        changed = draw(st.booleans())
        batch.append(Placement(key(row.name), spec(row.name, **draw(wishes())) if changed else row.spec, override))
    return batch or [ask("new", **draw(wishes()))]


strategies = st.sampled_from(list(Strategy))
