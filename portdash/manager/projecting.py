"""Putting the committed file of a `json:` store around this machine's authority."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from portdash.config.origins import Layer
from portdash.config.settings import Config
from portdash.manager.deps import Deps
from portdash.manager.portmaps import scope_of
from portdash.model.assignment import Assignment, ServiceKey
from portdash.model.state import StoreState
from portdash.observer import Observer
from portdash.planning.candidates import search
from portdash.planning.requests import Placement
from portdash.store.projection.placing import MOST_OPTIONS, Placer, Slot, Want
from portdash.store.projection.projected import ProjectedStore

SCHEME = "json:"


def projected(deps: Deps, *, state_dir: Path, tell: Callable[[str], None] | None) -> ProjectedStore:
    """Return the store that the configuration names: that of `deps`, the authority, with a committed file around it.

    The planner is asked, and with it the machine, where a committed port is somebody else's here.
    """
    config = deps.config
    return ProjectedStore(
        deps.store,
        Path(config.store.removeprefix(SCHEME)),
        scope_of(deps),
        state_dir=state_dir,
        within=_confinement(config),
        read_only=config.read_only,
        place=planned_by(deps.observer),
        tell=tell,
    )


def planned_by(observer: Observer) -> Placer:
    """Return the placer that asks the planner, which knows the machine's listeners, ranges and limits."""

    def place(
        _state: StoreState, wants: Sequence[Want], taken: Collection[Slot]
    ) -> Mapping[ServiceKey, tuple[Assignment, ...]]:
        snapshot = observer.snapshot()
        gone: set[Slot] = set(taken)
        placed: dict[ServiceKey, tuple[Assignment, ...]] = {}
        for want in wants:
            committed = () if want.home is None else (want.home,)
            asked = replace(want.spec, preferred=tuple(dict.fromkeys((*committed, *want.spec.preferred))))
            bound = dict.fromkeys(gone, "a service of the same file")
            found = search(replace(snapshot, bound=bound), Placement(want.key, asked))
            free = [row for row in found.options if (want.key.protocol, row.port) not in gone]
            placed[want.key] = tuple(
                replace(row, spec=want.spec, home=None if row.port == want.home else want.home)
                for row in free[:MOST_OPTIONS]
            )
            gone |= {(want.key.protocol, row.port) for row in free[:1]}
        return placed

    return place


def _confinement(config: Config) -> Path | None:
    """Return the directory that the file must not leave, links followed: that of a project nobody trusts yet."""
    origin = config.origin("store")
    named_there = origin.layer in (Layer.PROJECT_FILE, Layer.ENVIRONMENT) and origin.path == config.project_file
    return config.project_file.parent if named_there and config.project_file and not config.trusted else None
