"""The scenes: an ordinary working day on the invented machine, and the same machine before anything is set up."""

from itertools import count
from pathlib import Path

from portdash.config.origins import Layer, Origin
from portdash.config.ranges import DEFAULT_RANGES
from portdash.config.settings import Config
from portdash.demo.clock import FrozenClock
from portdash.demo.listeners import FIRST_RUN_PORTS, LISTENERS, SYSTEM_LISTENERS
from portdash.demo.machine import FakeMachine
from portdash.demo.places import BLOG, FIX, HOME, HOST, INFRA, NOW, PROJECTS, SHOP, USER
from portdash.demo.services import (
    BLOG_ROWS,
    ENVIRONMENT,
    FIX_ROWS,
    INFRA_ROWS,
    PREVIEW,
    SHOP_ROWS,
    WEB_RANGE,
    declarations,
)
from portdash.manager.deps import Deps, Place
from portdash.model.assignment import Assignment
from portdash.model.policy import PortLimits
from portdash.model.ports import PortRange
from portdash.model.storage import Applied, Batch, Claim, Op, RecordWorkspace, Remove, Store
from portdash.model.workspace import Workspace
from portdash.record import record
from portdash.store.memory import MemoryStore

LIMITS = PortLimits(ephemeral=PortRange(32768, 60999))
RELEASED_AGO = 40.0


@record
class _Seed:
    """One batch of the scene's past."""

    title: str
    workspace: Workspace
    at: float
    ops: tuple[Op, ...]


def demo_deps() -> Deps:
    """Return what the manager and the dashboard work with, seeded afresh: four workspaces, twenty services, trouble.

    The clock stands still. Close it when done.
    """
    store = MemoryStore()
    seed(store)
    file = Origin(Layer.PROJECT_FILE, Path(f"{HOME}/src/shop/portdash.toml"))
    services = declarations()
    config = Config(
        ranges=(WEB_RANGE, *DEFAULT_RANGES),
        services=services,
        origins={f"services.{each.name}": file for each in services},
    )
    return _deps(
        store, config, FakeMachine(host=HOST, user=USER, listeners=LISTENERS, projects=PROJECTS, limits=LIMITS)
    )


def first_run_deps() -> Deps:
    """Return the same machine with fewer servers, an empty store and no configuration."""
    listeners = (each for each in LISTENERS if each in SYSTEM_LISTENERS or each.port in FIRST_RUN_PORTS)
    machine = FakeMachine(host=HOST, user=USER, listeners=listeners, projects=PROJECTS, limits=LIMITS)
    return _deps(MemoryStore(), Config(), machine)


def _deps(store: Store, config: Config, machine: FakeMachine) -> Deps:
    return Deps(
        store=store,
        machine=machine,
        config=config,
        clock=FrozenClock(NOW),
        place=Place(HOST, USER, SHOP, ENVIRONMENT),
        actor="dashboard",
        environ={"HOME": HOME},
    )


def seed(store: Store) -> None:
    """Write the scene's past into an empty store, batch by batch, as it would have come about."""
    numbers = count(1)
    for past in sorted(_seeds(), key=lambda each: each.at):
        batch = Batch(
            id=f"demo-{next(numbers)}",
            title=past.title,
            workspace=past.workspace.name,
            actor="cli",
            at=past.at,
            ops=(RecordWorkspace(HOST, past.workspace), *past.ops),
        )
        answer = store.apply(batch)
        assert isinstance(answer, Applied), f"{past.title}: {answer.detail}"
    _release_preview(store)


def _seeds() -> list[_Seed]:
    """Return one batch for all services that a workspace was given at one moment."""
    seeds = []
    groups = ((SHOP, (*SHOP_ROWS, PREVIEW)), (FIX, FIX_ROWS), (BLOG, BLOG_ROWS), (INFRA, INFRA_ROWS))
    for workspace, rows in groups:
        for at in sorted({row.assigned_at for row in rows}):
            together = [row for row in rows if row.assigned_at == at]
            names = " ".join(row.name for row in together)
            seeds.append(_Seed(f"allocate {names}", workspace, at, tuple(map(_claim, together))))
    return seeds


def _claim(row: Assignment) -> Claim:
    return Claim(options=(row,), expected=None, reason=f"{row.source.value} {row.port}")


def _release_preview(store: Store) -> None:
    row = store.snapshot().assignments[PREVIEW.key]
    removal = Remove(key=row.key, expected=row.revision, reason="given back by hand")
    store.apply(
        Batch(
            id="demo-release",
            title="release preview",
            workspace=SHOP.name,
            actor="cli",
            at=NOW - RELEASED_AGO,
            ops=(removal,),
        )
    )
